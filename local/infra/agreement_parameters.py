"""Are the parameter files filled in with what Azure and the app take?"""

from collections.abc import Iterator

from local.infra.expressions import Literal, everything_in
from local.infra.findings import Finding
from local.infra.given_forms import FORMS, given_texts
from local.infra.holding import Rule
from local.infra.model import ParameterFile
from local.infra.plans import Plans


def parameter_files_are_filled_in_right(plans: Plans) -> Iterator[Finding]:
    """Do ids, regions, mail addresses and days in the parameter files have their form?"""
    for file in plans.project.parameter_files:
        for parameter, form, text in given_texts(file):
            if not FORMS[form].fits(text):
                wrong = (
                    f"{parameter}: '{text}' is not {FORMS[form].wanted}" if text else f"{parameter} has an empty text"
                )
                yield Finding(file.path, _line(file, parameter, text), wrong, "Correct it")


def _line(file: ParameterFile, parameter: str, text: str) -> int:
    """Where a text of a parameter is written; where the parameter is, when the text is put together."""
    given = next(one for one in file.values if one.name == parameter)
    found = (one.line for one in everything_in(given.value) if isinstance(one, Literal) and one.value == text)
    return next(found, given.line)


RULES: tuple[Rule, ...] = (parameter_files_are_filled_in_right,)
