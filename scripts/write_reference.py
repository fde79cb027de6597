"""Writes docs/reference.md, docs/rules.md and schemas/ from the code; with --check says whether they are current."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import typer
from prometheus_client import CollectorRegistry
from pydantic_core import PydanticUndefined

from rules.language.actions import ACTIONS
from rules.language.conditions import CONDITIONS
from rules.language.registry import Registry
from rules.language.triggers import TRIGGERS, Trigger
from rules.program.messages import IF_UNPROVEN
from rules.program.template_language import FILTERS
from rules.program_keys.key import Key
from rules.program_keys.program import PROGRAM
from rules.schema import RULE_WORDS, SCHEMAS, as_file
from rules.testing.cases import REASONS as IN_TESTS
from stamgast.cli import COMMANDS, module_of
from stamgast.domain.message_words import WORDS
from stamgast.domain.vocabulary import RuleStatus
from stamgast.log.topics import TABLE
from stamgast.people.why import REASONS
from stamgast.pos.contract import rendered
from stamgast.pos.pages import PATH as PAGES
from stamgast.pos.pages import index_of, page_of
from stamgast.pos.registry import Registry as SystemsOfTills
from stamgast.report.asking import PriceFigures
from stamgast.settings import Settings
from stamgast.tills.files import needs_of
from stamgast.web.metrics import WebMetrics
from stamgast.web.openapi.document import openapi
from streams.metrics import Metrics

ROOT = Path(__file__).resolve().parent.parent
MADE = "<!-- Written by scripts/write_reference.py (`make docs`); change the code instead. -->\n"


OPENING = """\
Rules have [a page of their own](rules.md), [lifetime values](clv.md) and the sandbox [others](sandbox.md).

Every command exits with 0 (fine), 1 (what was asked about is wrong) or 2 (misuse). With `--json` standard output holds
one JSON document and logs go to standard error. Money in JSON is integer minor units beside a `currency`, but where
`stamgast clv` reads a CSV: there it is decimal major units, as in the file; times are RFC 3339 in UTC."""


UNPROVEN = """\
What a rule sends stands under `templates:` of program.yaml. `if_unproven` says what becomes of a message for which the
carrier never answered, so that it may have been taken or not, when neither a report nor any of the look-ups in the
carrier's own list (`STAMGAST_LOOK_UPS_S`) has settled it:

```yaml
templates:
  receipt: {purpose: utility, if_unproven: send_again}
```
"""

WORDING = """\
The texts stand in `templates/<language>/<template>.j2`: words in `{{ }}`, `{% if %}`, and filters. There are no loops
and no calls, since a message has nothing to go through and a worker may not be kept busy by one; nor more than 1,000
words, numbers and branches, 50 filters, 10 filters in a row, or 20 of them in each other. All words are texts; a number
is compared by `int`:

```jinja
{% if customer.first_name %}Dag {{ customer.first_name }}, {% endif %}
{% if card.missing | int == 1 %}nog één stempel{% else %}nog {{ card.missing }} stempels{% endif %}!
```

Not everybody has given a name: write `{{ customer.first_name or 'klant' }}`, or `{% if %}` around it. Over WhatsApp a
variable without anything in it cannot go out. `messaging: {letters: plain, max_parts: 3}` of program.yaml says what
becomes of letters that make an SMS dearer (`plain`: ë is sent as e where that saves a part; `keep_names`: not in names;
`keep`: never) and how many parts one may take; one that takes more goes without the name, or over the rule's next
channel. `rules check` fills each text in with the longest that its words may come to (a name of forty letters, the
longest reward) and refuses what could not be sent, with its parts, their price and the character that costs. Prices
stand in program.yaml by channel and country; those at home are booked to customers where `costs: contact` says nothing
else:

```yaml
prices: {sms: {NL: 0.0875 EUR, BE: 0.091 EUR}, whatsapp: {NL: 0.1323 EUR}}
```

`voucher` is there where the rule gives a reward, `card` where a stamp card set it off; `links.card` is the address of
the customer's own card:
"""


WHOLE_RULE = """
A file of `rules/` is one rule:

```yaml
# yaml-language-server: $schema=../../../../schemas/rule.json
rule: third-visit
description: A loaf for whoever comes a third time in autumn.
status: canary 5%
when:
  visits_reached: 3
once_per: customer
if:
  - weekday: [monday, tuesday, wednesday]
then:
  - give: free_loaf
  - send: free_loaf
otherwise:
  - tag: regular
offered: true
starts: 2026-10-01
ends: 2026-12-31
campaign: spring
undo_window: 10 minutes
timing: {send_between: "10:00-18:00", if_outside: wait, give_up_after: 1 day, send_late: false}
limits: {cool_down: 30 days, messages: 500 per day, hold_out: 10%, budget: 200 EUR per month}
priority: 60
value: 2.50 EUR
tests:
  - name: three mornings
    given: 3 purchases, one per day from 2026-10-05 10:00
    expect: [{give: free_loaf}, {send: free_loaf}]
```

The first line shows an editor with a YAML language server what may stand where; `stamgast rules schema` prints the
same for a folder elsewhere.
"""

STATUSES = {
    RuleStatus.DRAFT: "it is not heard of; `rules check` and `rules test` look at it",
    RuleStatus.SHADOW: "it listens and is counted, and does nothing",
    RuleStatus.CANARY: "`canary 5%`: it is live for a stable share of customers",
    RuleStatus.LIVE: "it is in force for everybody",
    RuleStatus.PAUSED: "it fires no more; what waits for its messages waits on, until it is too late",
}
"""What each status means."""

WHOLE_PROGRAM = """
`program.yaml` is everything that a shop decides but its rules. Needed are `name`, `currency`, `time_zone`, `languages`
and `stores`; each other section may be left out. The first line shows an editor what may stand where:

```yaml
# yaml-language-server: $schema=../../../schemas/program.json
```
"""

EARNED = """
A rule is one thing: `once_per`, `status` and `if` decide about everything that it does. What it gives is either earned
or offered, and which is usual stands at each trigger; `earned: true` or `offered: true` at the rule says otherwise.

- *Earned* is what a card, a threshold or a promise paid for. Holdout, consent, STOP, caps, `cool_down` and lateness
  withhold its message; the reward and the tags come all the same.
- *Offered* is a gift that is to move somebody. Whatever withholds its message withholds all of it, also later: while a
  message waits for the morning its voucher is open, and it goes if the message does not go after all (STOP,
  `limits: messages`, given up). So whoever no message may reach, is in the control group, or whose purchase is imported
  a year late, gets neither.

An offer without `send` goes to whom a `marketing` message might go; `hold_out`, `cool_down` and lateness hold for it
too, caps do not. A rule that only tags asks for no consent. `timing: {send_late: true}` lets old news do everything
that new ones do.

```yaml
rule: a-loaf-on-us
when: purchase
once_per: customer
offered: true
then:
  - give: free_loaf
  - send: free_loaf
limits: {hold_out: 10%}
```
"""

LATER = """
`after` beside a message and `wait` between actions let time pass. Both count from what the rule fired for: a purchase
as its till says, in days of the merchant's calendar (at the same hour, also over the change of the clocks) or in
hours. Whether a message may go then is asked then; that the news is old, the rule's `cool_down` and its control group
is asked when it fires.

What waits ends when a refund takes back what it was for, when something after `unless` comes true (what has set the
rule off does not, nor does a purchase that was before it and is told of later), by a STOP, and by the end of the
rule. What was earned below a `wait` is given in spite of a STOP. An edit of the rule moves what waits to its new
time; a message whose template is no longer in the rule ends; a rule that is paused when the time comes says nothing.
Fifty wait for a customer at most; nothing waits for more than 366 days.

Several messages of a rule go each for itself: each asks the gate, and counts in the caps. One about a voucher stays
away once that was used. `otherwise` is what happens where `if` does not hold; for `once_per` both are one. Between
the variants of `send: {a: …, b: …}` customers are split evenly, each for good as long as their number stays; the
counters `variant|<rule>|<variant>|<status>` say what became of them.

```yaml
rule: first-loaf
when: purchase
once_per: customer
if:
  - basket_has: {category: bread}
then:
  - send: {a: hello, b: hello_again}
  - wait: 10 days
    unless: purchase
  - give: free_loaf
  - send: free_loaf
otherwise:
  - send: hello
    after: 3 days
    unless: [purchase, reward_redeemed]
```
"""

TESTS = """
What can happen is `send`, `give` and `withdraw`, `tag` and `untag`, `add_stamps` and `take_stamps`, `set_tier` and
`take_tier` (each taken back with its reason), `notify`, and `run_out` of a card whose stamps do: in a test each message
arrives as soon as it is sent.

What `expect` does not name must not happen; each line of it stands for one thing. What a card gives by itself is no
doing of the rule. `expect_also: anything` lets the rest pass.

`withheld` says what must be held back, a template or the reward of an offer, and `because` why (any reason will do
where it says nothing). What is withheld and not named fails no test.

`with: all live rules`, or `with: [birthday, nearly-there]`, plays other rules of the shop together with this one, as if
all of them were live; `expect` then speaks of everything that they do. So it can be tried who goes first.

`limits: {messages: 500 per day}` holds in tests as in the shop. One customer does not use up five hundred:
`messages_left: 0` beside `given` says what others have left of it on the first day that a rule of the test sends. The
next day has all of it again, and a message about something earned waits for that.

```yaml
tests:
  - name: a refund takes it back
    given: 7 purchases of bread, then a refund of the last
    expect: [{withdraw: free_loaf}]
    expect_also: anything
  - name: who said STOP gets the loaf that they earned, and no message
    given: a reply of STOP, then 7 purchases of bread
    expect: [{give: free_loaf}, {withheld: free_loaf, because: opted_out}]
    with: all live rules
```

It can be withheld in a test because:
"""

DATES = """
`starts` and `ends` are the first and the last business day of a rule, or of a card in program.yaml; both count. The day
is that of the purchase, as its till or its store's clock says, and for what no purchase brings that of the merchant's.

What was bought before counts for lifetime value, visits and stage, and gives nothing: no stamp, no reward, no message,
and no `once_per` is used up by it, so last year's sales can be imported on the day on which a card starts. A card with
`count_history: true` takes the stamps of before as well. What `stamgast import` brings in as history gives nothing
whatever stands here ([lists](lists.md)). A threshold that was passed before a rule's first day stays
passed. After its last day a message that waits goes only if it is about what was earned.

With `undo_window: 10 minutes` (a minute to a day) its messages of the first hour after a launch wait for so long, and
pausing the rule meanwhile withdraws them.

```yaml
rule: autumn-visits
when:
  visits_reached: 5
starts: 2026-10-01
ends: 2026-12-31
then:
  - give: free_loaf
```
"""

BUDGETS = """
A budget is money that a rule may spend on messages and offers. It stands at the rule (`limits`), at a campaign, or for
the whole shop; a rule stays within all of them:

```yaml
rule: autumn-coffee
when: purchase
once_per: month
campaign: autumn
then:
  - give: coffee
  - send: autumn_coffee
limits: {budget: 200 EUR per month}
```

and in program.yaml:

```yaml
campaigns:
  autumn:                  # a rule names its campaign, or the campaign its rules
    rules: [win-back]
    budget: {amount: 500 EUR, per: total, when_spent: shrink}
    starts: 2026-10-01     # its rules fire from then on, as far as their own days allow
    ends: 2026-11-30
budget: 2000 EUR per year
prices: {sms: {NL: 0.0875 EUR, BE: 0.0910 EUR}}
```

- `per` is day, week, month or year, on the shop's calendar, or `total`, which is meant where nothing is said.
- `when_spent: stop` withholds what comes then, with `budget` as its reason. `shrink` reaches everybody while half is
  left, and from there on fewer and fewer, always the same customers. `warn` holds nothing back: it is only told.
- What counts is each message at the price of its channel, by its parts, and the `cost` of each reward that is
  *offered*, from when it is given. Put by is the dearest; the rest comes back once it is known, and so does what nobody
  used.
- What was *earned* is owed: it is given whatever is left, and not counted. A message about it waits for the budget's
  next time.

`rules check` warns of a budget that cannot pay a single time, or that nothing draws on. In a rule's test
`budget_left: 0.10 EUR` beside `given` says what its budgets have; where nothing is said they have all of it.
"""

FIRST = """
The house's caps leave room for so many messages to a customer. Of those that want it the first is the one of the
highest `priority` (0 to 100, 50 where nothing is said), then of the highest `value` (what one message is expected to
bring), then of the lowest id. What waits is ranked anew whenever its time comes:

- A message about a reward that was earned waits for room, and for the end of its rule's `cool_down`, until its voucher
  ends. It takes the next room before anything else that waits or comes.
- A message that finds its room taken by more important ones, at the same moment or while it waits, is `outranked`: it
  goes when there is room again, if it is still true and its `give_up_after` has not passed. So is one that would take
  the room that a more important one waits for.
- Any other message for which there is no room is withheld (`frequency_cap`), with what it offers.

```yaml
rule: autumn-tart
when: purchase
priority: 70
value: 2.50 EUR
then:
  - send: autumn_tart
```
"""


LYING = """\
`expires: {after: 12 months, warned: 30 days}` of a card lets the stamps run out that lie on it without a new one for
twelve months, and only after a message that says so:

```yaml
rule: stamps-run-out
when: {stamps_expiring: slow}
then:
  - send: stamps_run_out   # Your {{ card.stamps }} stamps run out on {{ card.expires_on }}.
    by: [sms]
```

- **Without a warning that was delivered nothing ever runs out.** What was sent and did not arrive warns nobody, nor
  does a message that does not name the day (`card.expires_on`, in every language of its template). Who said STOP, never
  agreed, is held out (`hold_out`), or is not reached by the rule's status, `if` or limits keeps their stamps; `rules
  check` says of which cards no rule warns.
- They run out at the end of the day that the message names: `after` the day of the newest stamp. If it arrives later
  than `warned` days before that, as many days later. A time that is made shorter afterwards takes nothing before the
  day that was told; without `expires` nothing runs out any more.
- A new stamp ends it all, whoever gave it: a purchase, a till, a rule, a sale of long ago that is told only now. The
  next quiet time has a warning of its own. History counts from the day on which it was brought in.
- A card that lay for years when the rule begins to speak is warned within 30 days, with `warned` days from then.
- Full cards, their vouchers, and what the card gave on its way (`levels`) stay; it goes on under the same number, so a
  level is not given twice. What is owed does not run out.
- A purchase that is given back after its stamps ran out takes them off those first: nobody owes stamps that they could
  not use.
- While the feed is stale, nobody is warned and nothing runs out.

`stamgast rules new stamps-expire` makes all of it, also for a card that is there already. In a rule's test every
warning arrives: `given: a purchase, then 12 months pass, then 30 days pass` comes to `{send: …}` and `{run_out: slow}`.

The card's page and picture, `KAART`, passes in wallets, the till and `GET …/customers/{c}` (`stamps_until`) show the
day once the warning arrived; facts tell `warned` and `expired`, the timeline says what ran out, and report and overview
count what is no longer owed (`ran_out_minor`).
"""
TIERS = """\
Triggers and conditions about tiers ask program.yaml, and of single products only those that it names are known:

```yaml
tiers:
  by: spend                # or visits
  in: 12 months            # the last twelve months, today included; left out: ever. Two years at most
  levels: {silver: 250 EUR, gold: 500 EUR}
  downgrade: earned        # where who has it no longer falls to: what they have earned; or one_step, or never
  grace: 30 days           # so long after they had it last
watch: [RYE-800]
```

A tier rises with the purchase that earns it and falls when the span rolls on and the grace is over, or at once when a
refund takes what earned it. Who had earned one before there were any has it, and no rule is set off by that. A rule
may give one besides (`set_tier`); then the higher of the two counts.
"""

STAFF = """\
`notify` tells people something whom [`staff`](#staff) names, in their hours and so much an hour; what is beyond waits
for the next hour, where one message says how many more there were ("and 12 more"). Whoever answers STOP is told
nothing any more. Each message has `staff` on `activations.v1`, and is a line of the kind `notice` on `facts.v1`; it is
in no report on messages to customers, in none of their caps, and costs them nothing.

Of the shop itself they hear without any rule ([`alerts`](#alerts)): that a rule was paused, that a budget is
spent, that a tag or source fell below three times what winning its customers cost. All of `staff` hear all of it, in
words of ours, unless `alerts` names who, a template with `purpose: utility`, or `false`. Such a template knows
`merchant.name`, `staff.name`, `alert.about` (the rule, budget or segment) and `alert.why`. Each is told once, within
two days or not at all, and `per_hour` counts these apart. Their `customer` on both topics is `staff`, which is nobody.
"""

SEGMENTS = """\
A segment is a name for conditions. Rules ask about it (`segment`), and listen to coming in and leaving (`entered`,
`left`):

```yaml
segments:
  regulars: {visits: {at_least: 3}}
  vip:                     # a list: all of them hold. `any`, `all` and `none` as in rules
    - segment: regulars    # one that stands before it
    - spend: {at_least: 500 EUR, in: 12 months}
```

At most 50, and no condition that asks about a purchase at hand.
"""

AUDIENCES = """\
An audience is whom a campaign, or a rule of the calendar, is for: those who meet conditions, those who bought
something, or those in a file.

```yaml
audiences:
  regulars:
    who: [{visits: {at_least: 5}}, {segment: vip}]                            # as conditions of a rule
  recall:
    bought: {product: RYE-800, from: 2026-09-01, to: 2026-09-30}              # or category; 430 days back at most
  invited:
    file: invited.csv     # audiences/invited.csv beside program.yaml: it is read at the start, and never published
```

`stamgast campaign start RULE --audience recall` fixes who is in it, counts them, and asks before anything happens; `if`
of the rule is asked again of each when it is their turn. `every` and `on` take all three: `who` and `bought` are asked
anew at each occasion; a list is put in before it with `stamgast campaign audience RULE`. A file has one identifier a
line (a phone, a card's number, a customer's id), or columns whose first line names the one to read: `phone`,
`membership_number`, `provider_customer_id` or `customer_id`. Of who bought something what is left after refunds counts;
`product` is the sku, which need not be watched.
"""

OWN_EVENTS = """\
What happens beside purchases and is worth a rule is declared, and posted by `POST /v1/merchants/{merchant}/events`
(scope intake), one or up to 1,000, as `{"id": "crm:17", "event": "workshop", "customer": {"phone": "0612345678"},
"fields": {"topic": "bread"}}`, with `happened_at` where it did not happen just now:

```yaml
events:
  workshop:
    fields:
      topic: [bread, cake]     # one of these words
      score: number            # a whole number
      paid: amount             # posted in minor units
      held_on: date
      first_time: yes_or_no
```

Free text has no place there, for it may name a person. The same `id` again within a day is the same event; of
one customer 64 a day set something off.
"""

GIVEN = """\
`given` is a sentence, whose parts are joined by `, then`, or a list of steps. The customer has joined and agreed to
every message before the first one, unless that is `the customer joins`, or they write JOIN and a code of `join` (then
they agree to what stands beside it; one with `confirm` wants a "ja" as the next message). `of 12.40 EUR`, `at
korenmarkt` and `every 3 days` can stand behind purchases as well, `to marketing` and `by sms` behind consent, and `on
2026-10-01 at 09:00` behind whatever happens once. Held out is who is in the rule's control group; `of birthday` names
another rule's. Of `send: {a: …, b: …}` a test plays the variant that it names:
"""
STEPS = {
    "7 purchases of bread, one per day from 2026-10-01 08:00": "{purchase: {of: bread}, at: 2026-10-01 08:00}",
    "a refund of the last after 2 hours": "{refund: last}",
    "40 days pass": "{pass: 40 days}",
    "12 months pass": "{pass: 12 months}",
    "the feed is stale": "{feed: stale}",
    "the customer joins from flyer on 2026-10-01 09:00": "{join: {source: flyer}, at: 2026-10-01 09:00}",
    "the customer joins without consent": "{join: {consent: none}}",
    "the customer writes 'JOIN brood' by whatsapp": "{reply: {text: JOIN brood, channel: whatsapp}}",
    "the customer's birthday is 10-21": "{birthday: 10-21}",
    "the customer takes back consent": "{consent: taken_back}",
    "the customer gives consent to marketing by sms": "{consent: {given: marketing, by: sms}}",
    "the customer is held out": "{held_out: true}",
    "the customer gets variant b": "{variant: b}",
    "a reply of STOP": "{reply: {keyword: stop}}",
    "a reply of help by whatsapp": "{reply: {keyword: help, channel: whatsapp}}",
    "the customer is asked visit": "{ask: visit}",
    "the customer replies '8' by whatsapp": "{reply: {text: 8, channel: whatsapp}}",
    "a reply with a photo": "{reply: {media: photo}}",
    "a free_loaf is given": "{give: free_loaf}",
    "the last voucher is redeemed after 2 days": "{redeem: last}",
    "an event workshop": "{event: {workshop: {topic: bread, score: 5}}}",
    "a friend buys for 20 EUR": "{friend: {buys: 20 EUR}}",
    "the friend gives it back": "{friend: gives_back}",
    "the campaign starts": "{campaign: starts}",
}
"""What a test is given: a part of a sentence -> the step."""


def main() -> int:
    """Write or check; 1 if something is not current."""
    pages = {"docs/reference.md": reference(), "docs/rules.md": rules()}
    pages |= systems()
    pages |= {f"schemas/{name}": text for name, text in rendered().items()}
    pages |= {f"schemas/{name}.json": as_file(schema()) for name, schema in SCHEMAS.items()}
    stale = [name for name, text in pages.items() if _read(ROOT / name) != text]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"{name} is not what the code says; run `make docs`", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(pages[name], encoding="utf-8")
        print(f"wrote {name}")
    return 0


def systems() -> dict[str, str]:
    """Return the page of each system of tills that is ours, and that of all of them."""
    registry = SystemsOfTills(brought=())
    adapters = [registry.get(name) for name in registry.names]
    pages = {f"{PAGES}/{each.name}.md": page_of(each, needs_of(each)) for each in adapters}
    pages[f"{PAGES}/README.md"] = index_of(adapters)
    return {name: text.replace("\n", f"\n\n{MADE}", 1) for name, text in pages.items()}


def reference() -> str:
    """Return the page of everything others rely on by name."""
    parts = [
        f"# Reference\n\n{MADE}",
        OPENING,
        "## Commands",
        "\n".join(commands()),
        "## Settings\n\nEnvironment variables, or lines of a file `.env`.",
        table(("variable", "default", "what it is"), settings()),
        "## HTTP\n\n`/openapi.json` has the whole of it. Keys go into `Authorization: Bearer …`.",
        table(("method and path", "does"), routes()),
        "## Topics",
        table(("topic", "partitions", "cleanup", "kept"), topics()),
        "## Metrics\n\nAt `/metrics` of web (`STAMGAST_WEB_METRICS_PORT`) and of a worker (`STAMGAST_METRICS_PORT`).",
        table(("metric", "labels", "what it counts"), iter(dict.fromkeys(metrics()))),
        "## Why a message was withheld or held\n\nAs `stamgast rules why` and `activations.v1` say it.",
        table(("reason", "meaning"), (((f"`{name}`"), text) for name, text in REASONS.items())),
    ]
    return "\n\n".join(parts) + "\n"


def rules() -> str:
    """Return the page of the rule language's words."""
    parts = [
        f"# The words of rules\n\n{MADE}",
        "A rule is read aloud: *when* one thing happens, *if* all of these hold, *then* do this.",
    ]
    words = table(("word", "what it says"), ((f"`{name}`", meaning) for name, meaning in RULE_WORDS.items()))
    statuses = table(("status", "meaning"), ((f"`{name}`", meaning) for name, meaning in STATUSES.items()))
    parts.append(f"## A rule\n{WHOLE_RULE}\n{words}\n\n{statuses}")
    kinds: tuple[tuple[str, str, Registry[Any]], ...] = (
        (
            "Triggers",
            "What stands under `when:`. A trigger fires when a figure crosses its threshold, not while it is above.",
            TRIGGERS,
        ),
        (
            "Conditions",
            "What stands under `if:`, combined by `any`, `all`, `none`. What is unknown is not met.",
            CONDITIONS,
        ),
        ("Actions", "What stands under `then:`.", ACTIONS),
    )
    for title, text, registry in kinds:
        parts.append(f"## {title}\n\n{text}")
        for name, word in registry.words.items():
            parts.append(f"### {name}\n\n{word.meaning()}{_usually(word)}\n\n```yaml\n{word.example()}\n```")
    parts.append(f"## Earned or offered\n\n{EARNED}")
    parts.append(f"## Who goes first\n\n{FIRST}")
    parts.append(f"## Budgets and campaigns\n\n{BUDGETS}")
    parts.append(f"## Later, otherwise, and to some\n\n{LATER}")
    parts.append(f"## Starts and ends\n\n{DATES}")
    reasons = ((f"`{reason}`", REASONS[reason]) for reason in IN_TESTS)
    parts.append(f"## Tests\n\n{TESTS}\n{table(('reason', 'meaning'), reasons)}")
    parts.append(f"## The programme\n{WHOLE_PROGRAM}")
    parts.extend(section(name, key) for name, key in PROGRAM.items())
    parts.append(f"## Segments\n\n{SEGMENTS}")
    parts.append(f"## Audiences\n\n{AUDIENCES}")
    parts.append(f"## Events of your own\n\n{OWN_EVENTS}")
    parts.append(f"## Stamps that run out\n\n{LYING}")
    parts.append(f"## Tiers and watched products\n\n{TIERS}")
    parts.append(f"## What staff are told\n\n{STAFF}")
    steps = ((f"`{said}`", f"`{step}`") for said, step in STEPS.items())
    parts.append(f"## What a test is given\n\n{GIVEN}\n{table(('in a sentence', 'as a step'), steps)}")
    answers = "\n".join(f"- `{word}`: {text}" for word, text in IF_UNPROVEN.items())
    parts.append(f"## Templates\n\n{UNPROVEN}\n{answers}")
    words = "\n".join(f"- {', '.join(f'`{thing}.{word}`' for word in words)}" for thing, words in WORDS.items())
    parts.append(f"{WORDING}\n{words}\n\nFilters: {', '.join(f'`{name}`' for name in sorted(FILTERS))}.")
    return "\n\n".join(parts) + "\n"


def section(name: str, key: Key) -> str:
    """A section of program.yaml: what it means, an example, and each word below it."""
    below = list(words_below(key, ""))
    told = table(("word", "what it says"), iter(below)) if below else ""
    return f"### `{name}`\n\n{key.meaning}\n\n```yaml\n{key.example}\n```" + (f"\n\n{told}" if told else "")


def words_below(key: Key, where: str) -> Iterator[tuple[str, str]]:
    """Yield each word below another with its path; a name of the merchant's own choice is `…`."""
    if key.each is not None:
        yield from words_below(key.each, f"{where}…: ")
    for name, word in key.keys.items():
        if word.meaning:
            yield f"`{where}{name}`", word.meaning
        yield from words_below(word, f"{where}{name}: ")


def _usually(word: object) -> str:
    """Say of a trigger whether what it gives is earned or offered."""
    if not isinstance(word, Trigger):
        return ""
    usually, else_ = ("earned", "offered") if word.earned else ("offered", "earned")
    return f" What rules with it give is {usually}, unless they say `{else_}: true`."


def commands() -> Iterator[str]:
    """Yield a section per command, with its subcommands' arguments and options."""
    for name, summary in COMMANDS.items():
        module = importlib.import_module(module_of(name))
        command = typer.main.get_command(module.app)
        yield f"### stamgast {name}\n\n{summary[:1].upper()}{summary[1:]}.\n"
        subcommands = getattr(command, "commands", None)
        for sub, each in (subcommands or {"": command}).items():
            yield from _usage(f"stamgast {name} {sub}".strip(), each)
        yield ""


def _usage(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    words = " ".join(command.collect_usage_pieces(context)).replace("[OPTIONS] ", "").replace("[OPTIONS]", "")
    yield f"- `{f'{name} {words}'.strip()}`: {' '.join((command.help or '').split())}"
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in record[0]:
            yield f"  - `{record[0]}`: {' '.join(record[1].split())}"


def settings() -> Iterator[tuple[str, str, str]]:
    """Yield every setting."""
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = default.get_secret_value() if hasattr(default, "get_secret_value") else default
        text = "" if shown in (PydanticUndefined, "") else f"`{shown}`"
        yield f"`STAMGAST_{name.upper()}`", text, field.description or ""


def routes() -> Iterator[tuple[str, str]]:
    """Yield every documented route."""
    for path, methods in openapi()["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, dict) and "summary" in operation:
                yield f"`{method.upper()} {path}`", operation["summary"]


def topics() -> Iterator[tuple[str, str, str, str]]:
    """Yield every topic."""
    for topic in TABLE:
        kept = "newest per key" if topic.cleanup == "compact" else _days(topic.retention_ms)
        yield f"`{topic.name}`", "`PARTITIONS`" if topic.partitions == "all" else "1", topic.cleanup, kept


def metrics() -> Iterator[tuple[str, str, str]]:
    """Yield every metric of web, worker and `stamgast prices`."""
    ours = (Metrics(), WebMetrics(), PriceFigures())
    registries: tuple[CollectorRegistry, ...] = tuple(each.registry for each in ours)
    for registry in registries:
        for collector in registry._collector_to_names:  # noqa: SLF001  there is no public list with labels
            name, labels = collector._name, collector._labelnames  # type: ignore[attr-defined]  # noqa: SLF001
            yield f"`{name}`", ", ".join(labels), collector._documentation  # type: ignore[attr-defined]  # noqa: SLF001


def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |" for row in lines)


def _days(milliseconds: int) -> str:
    return "for ever" if milliseconds < 0 else f"{milliseconds // 86_400_000} days"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
