"""One act of one caller: who it is, what it may see, and under which name it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from layers.access import Caller
from layers.database import Audience
from layers.errors import Conflict, NotFound, Sentence
from layers.organisations import list_organisations
from layers.procedure import SYSTEM, Actor, act_as, find_excavation
from layers.requests import list_requests, was_asked_so
from twin.excavations.life import Party, parties_of
from twin.notices.writing import News, tell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from layers.database import Connection
    from layers.organisations import Organisation
    from layers.procedure import Excavation
    from twin.excavations.practice import Practice

# What the twin does on its own.
TWIN = Caller(SYSTEM.name, Audience.OPERATOR, coordinates=True)


class Outdated(Conflict):
    """The caller speaks of an earlier version than there is."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """A connection in a transaction, on behalf of a caller."""

    connection: Connection
    caller: Caller
    practice: Practice

    @property
    def actor(self) -> Actor:
        return Actor(self.caller.name or "?", self.caller.organisation)

    def act(self, **detail: Any) -> None:
        """What follows in this transaction is kept as the caller's, with this detail."""
        act_as(self.connection, self.actor, **detail)

    def parties(self, excavation: Excavation) -> Party:
        own = Party.TWIN if self.caller is TWIN else Party(0)
        return own | parties_of(self.caller, excavation)

    def find(self, number: int, version: int | None = None, *, lock: bool = False) -> Excavation:
        """An excavation that the caller may see. Raises: NotFound; Outdated where the version is not the newest."""
        excavation = find_excavation(self.connection, number, lock=lock)
        if not self.may_see(excavation):
            raise NotFound(Sentence(f"there is no excavation {number}", f"không có công trình đào {number}"))
        if version is not None and version != excavation.version:
            raise Outdated(
                Sentence(
                    f"excavation {number} has changed: this is about version {version}, there is {excavation.version};"
                    " read it again",
                    f"công trình đào {number} đã thay đổi: yêu cầu nói về bản {version}, nay là {excavation.version};"
                    " hãy đọc lại",
                )
            )
        return excavation

    def may_see(self, excavation: Excavation) -> bool:
        caller = self.caller
        if caller.coordinates or caller.organisation_id is None:
            return caller.coordinates or caller.audience is Audience.OPERATOR
        own = excavation.applicant_id == caller.organisation_id
        return own or was_asked_so(self.connection, excavation.id, caller.organisation_id)

    def sees_all(self, excavation: Excavation) -> bool:
        """Whether the caller sees whose utilities are in the way, or its own only."""
        caller = self.caller
        is_reader = caller.organisation_id is None and caller.audience is Audience.OPERATOR
        return caller.coordinates or is_reader or caller.organisation_id == excavation.applicant_id

    def link(self, excavation: Excavation) -> str:
        return f"{self.practice.served_at}/api/excavations/{excavation.id}"

    def tell(self, news: News, *, owners: bool = False, applicant: bool = False, desk: bool = False) -> None:
        """Tell those who were asked, who applied, who decides; nobody is told twice."""
        tell(self.connection, news, self.recipients(news.excavation, owners=owners, applicant=applicant, desk=desk))

    def recipients(
        self, excavation: Excavation, *, owners: bool = False, applicant: bool = False, desk: bool = False
    ) -> Iterable[Organisation]:
        asked = {r.organisation_id for r in list_requests(self.connection, excavation.id, excavation.submission)}
        for organisation in list_organisations(self.connection):
            is_applicant = applicant and organisation.id == excavation.applicant_id
            if (owners and organisation.id in asked) or is_applicant or (desk and organisation.coordinates):
                yield organisation
