"""One realm of an organiser's Keycloak, read and written by python-keycloak."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from keycloak import KeycloakAdmin
from keycloak.exceptions import KeycloakError, KeycloakGetError

_PAGE = 500


@dataclass(frozen=True)
class Realm:
    """A realm by its name, with an administrator's rights; everything read is empty while there is no such realm.

    Every method raises keycloak.exceptions.KeycloakError where Keycloak refuses or does not answer.
    """

    admin: KeycloakAdmin
    name: str

    @property
    def base(self) -> str:
        """The address that Keycloak is asked at."""
        return str(self.admin.connection.base_url)

    def settings(self) -> dict[str, Any] | None:
        """Return the realm's settings, or `None` where there is no such realm."""
        try:
            found: dict[str, Any] = self.admin.get_realm(self.name)
        except KeycloakGetError as error:
            if error.response_code == 404:
                return None
            raise
        return found

    def get(self, path: str, **query: object) -> Any:
        """Return what the administration says at a path of the realm; `None` where there is nothing."""
        answer = self.admin.connection.raw_get(self._at(path), **query)
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise KeycloakError(error_message=f"GET {path}", response_code=answer.status_code)
        return answer.json()

    def listed(self, path: str) -> list[dict[str, Any]]:
        """Return a list that the administration keeps; empty where there is none."""
        return list(self.get(path) or ())

    def users(self, **query: object) -> list[dict[str, Any]]:
        """Return every user that a query finds, in brief, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get("users", briefRepresentation="true", first=len(found), max=_PAGE, **query) or ()
            found += page
            if len(page) < _PAGE:
                return found

    def post(self, path: str, value: Mapping[str, Any]) -> None:
        """Make something."""
        self._done("POST", path, self.admin.connection.raw_post(self._at(path), data=_json(value)))

    def put(self, path: str, value: Mapping[str, Any]) -> None:
        """Replace something; an empty `path` is the realm itself."""
        self._done("PUT", path, self.admin.connection.raw_put(self._at(path), data=_json(value)))

    def delete(self, path: str) -> None:
        """Take something away."""
        self._done("DELETE", path, self.admin.connection.raw_delete(self._at(path)))

    def make(self, settings: Mapping[str, Any]) -> None:
        """Make the realm."""
        self.admin.create_realm({"realm": self.name, **settings})
        # What an administrator may do in a new realm stands in a token that is older than the realm.
        self.admin.connection.refresh_token()

    def executions(self, flow: str) -> list[dict[str, Any]]:
        """Return the steps of a flow and of the flows within it, in their order."""
        return self.listed(f"authentication/flows/{quote(flow, safe='')}/executions")

    def client(self, client_id: str) -> dict[str, Any] | None:
        """Return a client by the name that it shows."""
        found = self.get("clients", clientId=client_id) or ()
        return next(iter(found), None)

    def _at(self, path: str) -> str:
        return f"/admin/realms/{quote(self.name, safe='')}" + (f"/{path}" if path else "")

    @staticmethod
    def _done(verb: str, path: str, answer: Any) -> None:
        if answer.status_code not in (200, 201, 204):
            raise KeycloakError(error_message=f"{verb} {path}: {answer.text[:200]}", response_code=answer.status_code)


def _json(value: Mapping[str, Any]) -> str:

    return json.dumps(value)
