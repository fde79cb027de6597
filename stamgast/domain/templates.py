"""A message that a shop wrote, in its languages and for its channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from stamgast.domain.channels import Wording, spec_of
from stamgast.domain.vocabulary import Channel, IfUnproven, Purpose


@dataclass(frozen=True, slots=True)
class Template:
    """A message: WhatsApp by content SID per language, SMS by Jinja2 text per language.

    `variables` maps WhatsApp's numbers to names such as `customer.first_name` or `voucher.code`. `if_unproven` says
    what becomes of a message that the carrier never answered for and does not know either, after the last look-up:
    `send_again` (once more; it comes twice if the carrier had it after all) or `never`.
    """

    id: str
    purpose: str = Purpose.MARKETING
    whatsapp: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    sms: Mapping[str, str] = field(default_factory=dict)
    if_unproven: str = IfUnproven.NEVER
    parts: int = field(default=0, compare=False)
    """SMS parts that it takes at most, in any language; 0: nobody reckoned."""
    unpushed: bool = False
    """Its text for WhatsApp stands in `contents/`, and not all languages of it were pushed."""

    def wordings(self, channel: Channel) -> Mapping[str, str]:
        """Language -> what stands there for a channel: a ContentSid, or a text (`ChannelSpec.wording`)."""
        match channel:
            case Channel.WHATSAPP:
                return self.whatsapp
            case Channel.SMS:
                return self.sms
            case _:
                assert_never(channel)

    def is_meant_for(self, channel: Channel) -> bool:
        """Whether it is written for a channel, be it that WhatsApp has not seen it yet."""
        return bool(self.wordings(channel)) or (self.unpushed and spec_of(channel).wording is Wording.APPROVED)
