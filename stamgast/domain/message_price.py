"""What a message costs: by the message or by its parts, as its channel is priced."""

from stamgast.domain.budgets import Mills
from stamgast.domain.channels import Priced, pieces_of, spec_of
from stamgast.domain.program import Program


def most_of(program: Program, template_id: str, channel: str) -> Mills:
    """The most that a message of a template may cost: nobody knows yet where it goes, nor how long it becomes."""
    prices = (*program.prices.get(channel, {}).values(), program.costs.contact_costs.get(channel, 0))
    template = program.templates.get(template_id)
    parts = 0 if template is None else template.parts
    if not parts and spec_of(channel).priced is Priced.PART:
        parts = program.messaging.max_parts
    return max(prices) * pieces_of(channel, parts)
