"""The sample newsroom's illustrations, drawn as SVG; one function per scene."""
