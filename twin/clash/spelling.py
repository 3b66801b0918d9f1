"""Numbers in sentences, as each language writes them."""


def comma(number: float, form: str = "g") -> str:
    """The number in a format of Python's, with the decimal comma of Vietnamese."""
    return format(number, form).replace(".", ",")


def spell(number: float, lang: str, form: str = "g") -> str:
    """The number with the decimal mark of the language."""
    return comma(number, form) if lang == "vi" else format(number, form)
