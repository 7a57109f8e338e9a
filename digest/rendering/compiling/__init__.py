"""MJML to HTML. Read `mjml` first: it has the order of the work and the list of the traps.

``mjml``        the hardened compile: refuse, armour, compile, mend, take the armour off
``refusals``    what never reaches the compiler, each refusal with its line
``components``  which component may stand where, and what the compiler would silently drop
``armour``      attributes in a form that the compiler copies without harm
``compact``     the same page in fewer bytes
``notes``       which template and line a line of MJML came from
``child``       the compile in a process of its own, which may die
"""
