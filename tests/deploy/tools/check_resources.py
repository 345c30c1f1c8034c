"""Runs in the validators' environment: custom resources on stdin against types and a fixed list of fields.

`python check_resources.py schemas.json`: KEDA and Prometheus resources must satisfy the types of their
operators' packages, which accept a misspelt name, and every kind our schema of the fields the chart uses,
which does not. Prints one line per problem; exits 1 if there is any, 0 with the number of resources looked at.
"""

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

# By name: these packages are in this script's environment, not in the one that checks its types.
jsonschema: Any = import_module("jsonschema")

TYPES = {
    "ScaledObject": "cloudcoil.models.keda.v1alpha1",
    "PodMonitor": "cloudcoil.models.prometheus_operator.v1",
    "PrometheusRule": "cloudcoil.models.prometheus_operator.v1",
}


def problems(resource: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    """What is wrong with one resource."""
    kind = resource["kind"]
    name = f"{kind} {resource['metadata']['name']}"
    schema = {"$ref": f"#/$defs/{kind}", "$defs": schemas["$defs"]}
    for error in jsonschema.Draft202012Validator(schema).iter_errors(resource):
        yield f"{name}: {error.json_path}: {error.message}"
    if kind in TYPES:
        try:
            getattr(import_module(TYPES[kind]), kind).model_validate(resource)
        except ValidationError as error:
            yield f"{name}: {error}"


def main() -> int:
    """The command."""
    schemas = json.loads(Path(sys.argv[1]).read_text())
    known = [each for each in yaml.safe_load_all(sys.stdin) if each and each["kind"] in schemas["$defs"]]
    found = [problem for resource in known for problem in problems(resource, schemas)]
    print("\n".join(found) if found else len(known))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
