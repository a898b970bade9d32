"""What DataLens' API takes, by the official client's own description of it: strict, and nothing beside it is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from datalens_sdk._generated import dto  # the client exports it nowhere else
from pydantic import ValidationError

MODELS: dict[str, Callable[[dict[str, Any]], object]] = {
    "createConnection": lambda body: dto.ConnectionCreateDTO(
        installation="yacloud",
        connection_type=body["type"],
        params={name: given for name, given in body.items() if name != "type"},
    ),
    "createWizardChart": dto.CreateWizardChartV1ArgsDTO.model_validate,
    "updateWizardChart": dto.UpdateWizardV1ArgsDTO.model_validate,
    "createDashboard": dto.CreateDashboardV2ArgsDTO.model_validate,
    "updateDashboard": dto.UpdateDashboardV2ArgsDTO.model_validate,
}


def fault(method: str, body: dict[str, Any]) -> str:
    """What is missing, unknown or wrongly typed in the body of a request; empty when nothing is."""
    try:
        MODELS.get(method, dict)(body)
    except ValidationError as error:
        return str(error)
    return ""
