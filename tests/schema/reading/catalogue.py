"""The fields of the catalogue, over rows in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.kernel.actor import Actor
from tests.schema.reading.world import Found, Page, Row, World


class CatalogueFields:
    """What the fields of the catalogue's types give."""

    world: World
    actor: Actor
    now: datetime

    def _page(
        self,
        kind: str,
        order: str,
        rows: Iterable[Row],
        key: Callable[[Row], Any],
        args: Mapping[str, Any],
        *,
        falling: bool = False,
    ) -> Page:
        raise NotImplementedError

    def _first(self, kind: str, rows: Sequence[Row]) -> Found | None:
        raise NotImplementedError

    def query_node(self, _row: Row, id: str) -> Found | None:  # noqa: A002
        raise NotImplementedError

    # -- roots ---------------------------------------------------------------------------------

    def _in_force(self) -> Row | None:
        begun = [
            row
            for row in self.world.tables["catalogue_version"]
            if row["status"] == "PUBLISHED" and row["effective_at"] <= self.now
        ]
        return max(begun, key=lambda row: (row["effective_at"], row["number"]), default=None)

    def query_catalogue(self, _row: Row) -> Found | None:
        row = self._in_force()
        return Found("CatalogueVersion", row) if row else None

    def query_catalogue_version(self, _row: Row, number: int) -> Found | None:
        versions = self.world.tables["catalogue_version"]
        return self._first("CatalogueVersion", [v for v in versions if v["number"] == number])

    def query_catalogue_versions(self, _row: Row, **args: Any) -> Page:
        rows = self.world.tables["catalogue_version"]
        order = "CATALOGUE_VERSIONS"
        return self._page(
            "CatalogueVersion", order, rows, lambda row: row["id"], args, falling=True
        )

    def query_catalogue_replay(self, _row: Row, id: str) -> Found | None:  # noqa: A002
        found = self.query_node({}, id)
        return found if found is not None and found.kind == "CatalogueReplay" else None

    def query_catalogue_proposals(self, _row: Row, **args: Any) -> Page:
        wanted, order = args.get("status"), "CATALOGUE_PROPOSALS"
        rows = [
            row
            for row in self.world.tables["catalogue_proposal"]
            if wanted is None or row["status"] == wanted
        ]
        return self._page(
            "CatalogueProposal", order, rows, lambda row: row["id"], args, falling=True
        )

    # -- fields --------------------------------------------------------------------------------

    def _by_code(self, kind: str, code: str | None) -> Found | None:
        rows = self.world.tables[kind.lower()]
        return self._first(kind, [row for row in rows if row["code"] == code])

    def _of(self, table: str, column: str, row: Row, key: Callable[[Row], Any]) -> list[Row]:
        rows = [found for found in self.world.tables[table] if found[column] == row["id"]]
        return sorted(rows, key=key)

    def _version(self, id_: UUID | None) -> Found | None:
        row = self.world.by_id["catalogue_version"].get(id_)
        return Found("CatalogueVersion", row) if row else None

    def catalogueversion_id(self, row: Row) -> str:
        return f"CatalogueVersion_{row['id']}"

    def catalogueversion_in_force(self, row: Row) -> bool:
        return row is self._in_force()

    def catalogueversion_entries(self, row: Row) -> list[Found]:
        rows = self._of("catalogue_entry", "version_id", row, lambda e: (e["rank"], e["id"]))
        return [Found("CatalogueEntry", entry) for entry in rows]

    def catalogueversion_steps(self, row: Row) -> list[Found]:
        rows = self._of("catalogue_step", "version_id", row, lambda step: step["id"])
        return [Found("CatalogueStep", step) for step in rows]

    def catalogueversion_replays(self, row: Row) -> list[Found]:
        rows = self._of("catalogue_replay", "draft_id", row, lambda replay: replay["id"])
        return [Found("CatalogueReplay", replay) for replay in rows]

    def catalogueentry_id(self, row: Row) -> str:
        return f"CatalogueEntry_{row['id']}"

    def catalogueentry_category(self, row: Row) -> Found | None:
        return self._by_code("Category", row["category_code"])

    def catalogueentry_area(self, row: Row) -> Found | None:
        return self._by_code("Unit", row["area_code"])

    def catalogueentry_lead_unit(self, row: Row) -> Found | None:
        return self._by_code("Unit", row["lead"])

    def catalogueentry_line(self, row: Row) -> Any:
        return row["line_code"]

    def catalogueentry_is_fallback(self, row: Row) -> bool:
        return bool(row["rank"] == 9999)

    def cataloguestep_actor(self, row: Row) -> Any:
        return row["actor_subject"]

    def cataloguereplay_id(self, row: Row) -> str:
        return f"CatalogueReplay_{row['id']}"

    def cataloguereplay_from(self, row: Row) -> Any:
        return row["from_at"]

    def cataloguereplay_to(self, row: Row) -> Any:
        return row["to_at"]

    def cataloguereplay_draft(self, row: Row) -> Found | None:
        return self._version(row["draft_id"])

    def cataloguereplay_base(self, row: Row) -> Found | None:
        return self._version(row["base_id"])

    def cataloguereplay_moves(self, row: Row) -> list[Found]:
        rows = self._of("catalogue_move", "replay_id", row, lambda m: (-m["tickets"], m["id"]))
        return [Found("CatalogueMove", move) for move in rows]

    def cataloguemove_from_unit(self, row: Row) -> Found | None:
        return self._by_code("Unit", row["from_code"])

    def cataloguemove_to_unit(self, row: Row) -> Found | None:
        return self._by_code("Unit", row["to_code"])

    def catalogueproposal_id(self, row: Row) -> str:
        return f"CatalogueProposal_{row['id']}"

    def catalogueproposal_cases(self, row: Row) -> list[Found]:
        rows = self._of(
            "proposal_case", "proposal_id", row, lambda case: (case["at"], case["ticket_id"])
        )
        return [Found("ProposalCase", case) for case in rows]

    def proposalcase_ticket(self, row: Row) -> Found | None:
        return self.query_node({}, f"Ticket_{row['ticket_id']}")

    cataloguemove_category = catalogueproposal_category = catalogueentry_category
    catalogueproposal_area = catalogueentry_area
    catalogueproposal_from_unit = cataloguemove_from_unit
    catalogueproposal_to_unit = cataloguemove_to_unit
    catalogueproposal_draft = cataloguereplay_draft
