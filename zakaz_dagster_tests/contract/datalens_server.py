"""A DataLens that lives on loopback: the RPC methods the client uses, over objects in memory.

A dataset is validated against the real views: the columns of a source are those that DESCRIBE gives. It refuses what
DataLens refuses: a name that is taken (409), an unknown id (404), a column or a formula's field that does not exist, and
any body that the official client's models of the API forbid: a missing, unknown or wrongly typed part (400).
"""

from __future__ import annotations

import copy
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from zakaz_dagster_tests.contract.datalens_models import fault

SCOPES = {"connection": "connection", "dataset": "dataset", "wizard": "widget", "dashboard": "dash"}
TYPES = (("DateTime", "genericdatetime"), ("Date", "date"), ("Float", "float"), ("String", "string"))
WRITES = ("create", "update", "delete", "rename")


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class DataLens:
    """The state, and one method per RPC. `calls` lists every method that was called."""

    def __init__(self, describe: Callable[[str], dict[str, str]]) -> None:
        self.describe = describe
        self.entries: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.tokens: set[str] = set()
        self.url = ""

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if call.startswith(WRITES)]

    def call(self, method: str, body: dict[str, Any]) -> Any:
        self.calls.append(method)
        if wrong := fault(method, body):
            raise Refused(400, f"{method}: {wrong}")
        return getattr(self, method)(body)

    def named(self, name: str) -> dict[str, Any]:
        return next(entry for entry in self.entries.values() if entry["name"] == name)

    def touch(self, entry: dict[str, Any]) -> None:
        entry["revision"] = uuid.uuid4().hex

    def add(self, scope: str, name: str, workbook: str, content: Any) -> dict[str, Any]:
        if any(one["name"] == name and one["scope"] == scope for one in self.entries.values()):
            raise Refused(409, f"{name} already exists")
        entry = {"id": uuid.uuid4().hex[:13], "scope": scope, "name": name, "workbook": workbook, "content": content}
        self.touch(entry)
        self.entries[entry["id"]] = entry
        return entry

    def find(self, identity: str) -> dict[str, Any]:
        if identity not in self.entries:
            raise Refused(404, f"no entry {identity}")
        return self.entries[identity]

    def getEntries(self, body: dict[str, Any]) -> Any:
        wanted = [one for one in self.entries.values() if one["id"] in body.get("ids", self.entries)]
        if "scope" in body:
            wanted = [one for one in wanted if one["scope"] == body["scope"]]
        rows = [
            {"entryId": one["id"], "scope": one["scope"], "type": "x"}
            | {"name": one["name"], "workbookId": one["workbook"]}
            | {"publishedId": one["revision"], "savedId": one["revision"]}
            for one in wanted
        ]
        return {"entries": rows}

    def renameEntry(self, body: dict[str, Any]) -> Any:
        self.find(body["entryId"])["name"] = body["name"]
        return []

    def createConnection(self, body: dict[str, Any]) -> Any:
        return {"id": self.add("connection", body["name"], body["workbook_id"], body)["id"]}

    def getConnection(self, body: dict[str, Any]) -> Any:
        entry = self.find(body["connectionId"])
        shown = {key: value for key, value in entry["content"].items() if key not in ("password", "type")}
        return {
            **shown,
            "id": entry["id"],
            "db_type": "clickhouse",
            "name": entry["name"],
            "workbook_id": entry["workbook"],
        }

    def updateConnection(self, body: dict[str, Any]) -> Any:
        entry = self.find(body["connectionId"])
        entry["content"] |= body["data"]
        self.touch(entry)
        return {}

    def validateDataset(self, body: dict[str, Any]) -> Any:
        state = copy.deepcopy(body["data"]["dataset"])
        for update in body["data"]["updates"]:
            getattr(self, f"_{update['action']}")(state, update)
        for field in state["result_schema"]:
            if field["calc_mode"] == "formula":
                titles = {one["title"] for one in state["result_schema"]}
                unknown = set(re.findall(r"\[([^\]]+)\]", field["formula"])) - titles
                if unknown:
                    raise Refused(400, f"formula of {field['title']} names {unknown}")
        return {"dataset": state}

    def _add_source(self, state: Any, update: Any) -> None:
        source = {**update["source"], "valid": True}
        source["raw_schema"] = self._columns(source["parameters"])
        state["sources"].append(source)

    def _columns(self, parameters: dict[str, str]) -> list[dict[str, Any]]:
        found = self.describe(parameters["table_name"])
        return [
            {
                "name": name,
                "title": name,
                "native_type": {"name": native},
                "user_type": _type(native),
                "nullable": False,
            }
            for name, native in found.items()
        ]

    def _add_source_avatar(self, state: Any, update: Any) -> None:
        avatar = update["source_avatar"]
        state["source_avatars"].append(avatar)
        source = next(one for one in state["sources"] if one["id"] == avatar["source_id"])
        state["result_schema"] += [_field(column, avatar["id"]) for column in source["raw_schema"]]

    def _refresh_source(self, state: Any, update: Any) -> None:
        for source in state["sources"]:
            source["raw_schema"] = self._columns(source["parameters"])
            known = {one.get("source") for one in state["result_schema"]}
            fresh = [column for column in source["raw_schema"] if column["name"] not in known]
            state["result_schema"] += (
                [_field(column, source["id"]) for column in fresh] if state["source_avatars"] else []
            )

    def _update_source(self, state: Any, update: Any) -> None:
        source = next(one for one in state["sources"] if one["id"] == update["source"]["id"])
        source |= update["source"]

    def _update_field(self, state: Any, update: Any) -> None:
        field = next((one for one in state["result_schema"] if one["guid"] == update["field"]["guid"]), None)
        if field is None:
            raise Refused(400, f"no field {update['field']['guid']}")
        field |= update["field"]

    def _add_field(self, state: Any, update: Any) -> None:
        state["result_schema"].append({"hidden": False, "data_type": update["field"].get("cast"), **update["field"]})

    def _update_description(self, state: Any, update: Any) -> None:
        state["description"] = update["description"]

    def _delete_field(self, state: Any, update: Any) -> None:
        state["result_schema"] = [one for one in state["result_schema"] if one["guid"] != update["field"]["guid"]]

    def createDataset(self, body: dict[str, Any]) -> Any:
        entry = self.add("dataset", body["name"], body["workbook_id"], body["dataset"])
        return {"id": entry["id"]}

    def getDataset(self, body: dict[str, Any]) -> Any:
        entry = self.find(body["datasetId"])
        about = {"id": entry["id"], "name": entry["name"], "workbook_id": entry["workbook"], "revId": entry["revision"]}
        return {**about, "dataset": entry["content"]}

    def updateDataset(self, body: dict[str, Any]) -> Any:
        entry = self.find(body["datasetId"])
        entry["content"] = body["data"]["dataset"]
        entry["name"] = entry["content"].pop("name", entry["name"])
        self.touch(entry)
        return self.getDataset(body)

    def createWizardChart(self, body: dict[str, Any]) -> Any:
        about = body.get("entry", body)
        return self._chart(self.add("widget", about["name"], about["workbookId"], about))

    def getWizardChart(self, body: dict[str, Any]) -> Any:
        return self._chart(self.find(body["chartId"]))

    def _chart(self, entry: dict[str, Any]) -> Any:
        about = {
            "entryId": entry["id"],
            "scope": "widget",
            "type": "d3_wizard_node",
            "revId": entry["revision"],
            "key": entry["name"],
        }
        return {
            "entry": {
                **about,
                "workbookId": entry["workbook"], "tenantId": "t", "savedId": entry["revision"], "publishedId": entry["revision"],
                "createdBy": "u", "createdAt": "2026-01-01", "updatedBy": "u", "updatedAt": "2026-01-01", "hidden": False,
                "meta": {}, "public": False, "version": 1, "links": {},
                "annotation": entry["content"].get("annotation") or {"description": ""},
                "data": entry["content"]["data"],
            }
        }  # fmt: skip

    def updateWizardChart(self, body: dict[str, Any]) -> Any:
        entry = self.find(body.get("chartId") or body["entryId"])
        entry["content"] = {"data": body["data"], "annotation": body.get("annotation")}
        self.touch(entry)
        return self._chart(entry)

    def createDashboard(self, body: dict[str, Any]) -> Any:
        about = body["entry"]
        return self._board(self.add("dash", about["name"], about["workbookId"], about))

    def getDashboard(self, body: dict[str, Any]) -> Any:
        return self._board(self.find(body["dashboardId"]))

    def _board(self, entry: dict[str, Any]) -> Any:
        about = {"entryId": entry["id"], "scope": "dash", "type": "", "key": entry["name"], "revId": entry["revision"]}
        content = entry["content"]
        return {
            "entry": {
                **about,
                "workbookId": entry["workbook"],
                "data": content["data"],
                "annotation": content.get("annotation"),
            }
        }

    def updateDashboard(self, body: dict[str, Any]) -> Any:
        entry = self.find(body["entry"]["entryId"])
        entry["content"] = {**entry["content"], **body["entry"]}
        self.touch(entry)
        return self._board(entry)

    def deleteWizardChart(self, body: dict[str, Any]) -> Any:
        del self.entries[self.find(body["chartId"])["id"]]
        return {}


def _number(text: str) -> float:
    """As JavaScript has it, which knows no difference between 12.0 and 12."""
    return int(float(text)) if float(text).is_integer() else float(text)


def _type(native: str) -> str:
    return next((ours for theirs, ours in TYPES if theirs in native), "integer")


def _field(column: dict[str, Any], avatar: str) -> dict[str, Any]:
    kind = {"type": "DIMENSION", "aggregation": "none", "calc_mode": "direct", "hidden": False}
    types = {"data_type": column["user_type"], "cast": column["user_type"], "initial_data_type": column["user_type"]}
    about = {"guid": uuid.uuid4().hex[:8], "title": column["name"], "source": column["name"], "avatar_id": avatar}
    return {**kind, **types, **about, "formula": "", "description": "", "valid": True}


@contextmanager
def serving(datalens: DataLens) -> Iterator[str]:
    """The base URL of the server on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])), parse_float=_number)
            datalens.tokens.add(self.headers.get("Authorization", self.headers.get("x-yacloud-subjecttoken", "")))
            try:
                status, answer = 200, datalens.call(self.path.removeprefix("/rpc/"), body)
            except Refused as refused:
                status, answer = refused.status, {"code": "REFUSED", "message": str(refused)}
            text = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
