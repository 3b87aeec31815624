"""Do the files agree with Microsoft's own JSON schemas, and is the definition good Swagger 2.0?"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from openapi_spec_validator import OpenAPIV2SpecValidator

from local.children import ROOT
from local.connector.definition import Json, misshapen
from local.connector.files import json_of
from local.connector.findings import Finding
from local.connector.package import DEFINITION, PROPERTIES, SETTINGS, Package
from local.connector.references import references, wrong_with

MICROSOFTS = ROOT.parent / "shared" / "reference" / "connector-schemas"
SCHEMA_OF = {
    DEFINITION: "apiDefinition.swagger.schema.json",
    PROPERTIES: "paconn-apiProperties.overlay.schema.json",
    SETTINGS: "paconn-settings.schema.json",
}
LONGEST_MESSAGE = 200


def against_microsofts(package: Package, folder: Path) -> Iterator[Finding]:
    """What Microsoft's schemas in that folder do not allow."""
    files = {DEFINITION: package.document, PROPERTIES: package.properties, SETTINGS: package.settings}
    for file, content in files.items():
        schema = json_of(folder / SCHEMA_OF[file])
        validator: Validator = validator_for(schema)(schema)
        yield from (finding_of(error, file, content) for error in validator.iter_errors(content))


def against_swagger(package: Package) -> Iterator[Finding]:
    """What openapi-spec-validator does not allow."""
    errors = OpenAPIV2SpecValidator(dict(package.document)).iter_errors()
    # A part that many refer to is wrong once.
    yield from dict.fromkeys(finding_of(error, DEFINITION, package.document) for error in errors)


def finding_of(error: ValidationError, file: str, content: Json) -> Finding:
    """The error at the deepest place that is known of it."""
    found = deepest(error)
    # openapi-spec-validator does not say where a default is wrong, but of which part of the file it is.
    place = " / ".join(str(step) for step in found.absolute_path or way_to(found.schema, content) or ())
    return Finding(f"{file}: {place or 'the whole'}", shortened(found.message), "Follow the schema")


def way_to(wanted: object, part: object, way: tuple[object, ...] = ()) -> tuple[object, ...] | None:
    """The way to the first part of a file that is equal to this one."""
    if part == wanted:
        return way
    inner = part.items() if isinstance(part, Mapping) else enumerate(part) if isinstance(part, list) else ()
    return next((found for step, one in inner if (found := way_to(wanted, one, (*way, step)))), None)


def deepest(error: ValidationError) -> ValidationError:
    """The alternative that fits furthest; the error itself when several do."""
    # Not jsonschema's best_match: it cannot read the errors of openapi-spec-validator.
    while error.context:
        most = max(len(one.absolute_path) for one in error.context)
        furthest = [one for one in error.context if len(one.absolute_path) == most]
        if len(furthest) > 1:
            break
        error = furthest[0]
    return error


def shortened(message: str) -> str:
    """A message that may hold the whole file, so short that it can be read; its end says what is wrong."""
    line = " ".join(message.split()).rstrip(".")
    return (
        line if len(line) <= LONGEST_MESSAGE else f"{line[: LONGEST_MESSAGE // 2]} ... {line[-LONGEST_MESSAGE // 2 :]}"
    )


def what_cannot_be_read(document: Json) -> Iterator[Finding]:
    """What keeps other checks from reading the operations: odd forms, references to nowhere or in a circle."""
    yield from (Finding(where, f"it {wrong}", "Write it as Swagger 2.0 does") for where, wrong in misshapen(document))
    for reference, times in Counter(references(document)).items():
        problem = wrong_with(document, reference)
        if problem:
            yield Finding(reference, f"{problem} ({times} times)", "Let it lead to a part of this file")
