"""Suggesting a category for a ticket, and keeping what people made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.classification import queries
from domain.classification.classifier import Classifier
from domain.classification.model import Guess
from domain.classification.models import CategoryCorrection, CategorySuggestion
from domain.kernel.sections import Classification
from domain.kernel.work import UnitOfWork
from domain.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class Suggested:
    """What a model proposes for a text, the likeliest first, and what may be taken from it."""

    guesses: Sequence[Guess] = ()
    model: str = ""
    model_version: str = ""
    sure: bool = False

    @property
    def category(self) -> str | None:
        """The category that may be set without asking anybody; None where nothing is sure."""
        return self.guesses[0].category if self.sure else None


async def suggest(
    work: UnitOfWork, classifier: Classifier, numbers: Classification, title: str, content: str
) -> Suggested:
    """Ask the model what a text is about, by the city's threshold and number of suggestions.

    Categories that the city does not have are left out. Never raises for any text.
    """
    sure = float(numbers.threshold)
    found = await classifier.guesses(title, content, sure=sure, most=numbers.suggestions)
    if found is None:
        return Suggested()
    known = await queries.known_codes(work.session, [one.category for one in found.guesses])
    kept = [guess for guess in found.guesses if guess.category in known]
    certain = bool(kept) and kept[0] is found.guesses[0] and kept[0].probability >= sure
    return Suggested(kept, found.model, found.version, certain)


def record_suggestions(work: UnitOfWork, ticket: Ticket, suggested: Suggested) -> None:
    """Keep what was suggested for a ticket."""
    for rank, guess in enumerate(suggested.guesses, 1):
        work.record(
            CategorySuggestion(
                id=work.new_id(),
                ticket_id=ticket.id,
                rank=rank,
                category_code=guess.category,
                probability=guess.probability,
                model=suggested.model,
                model_version=suggested.model_version,
                suggested_at=work.now,
            )
        )


async def record_correction(work: UnitOfWork, ticket: Ticket, previous: str | None) -> None:
    """Keep the category that a person has just given a ticket, where it is another than before.

    The ticket's row is locked and holds the new category already.
    """
    if ticket.category_code is None or ticket.category_code == previous:
        return
    suggestion: UUID | None = await queries.first_suggestion(work.session, ticket.id)
    work.follow(
        CategoryCorrection(
            id=work.new_id(),
            ticket_id=ticket.id,
            category_code=ticket.category_code,
            previous_code=previous,
            suggestion_id=suggestion,
            actor_role=work.actor.role.value,
            actor_subject=work.actor.subject,
            at=work.now,
        )
    )
