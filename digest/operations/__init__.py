"""Operations: what the people who run an instance need beside the program itself."""
