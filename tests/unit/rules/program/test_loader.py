"""What `program.yaml` and the folder around it may say."""

import pytest

from rules.loader import load_bundle, load_merchant
from stamgast.domain.claim_rules import ClaimRules
from stamgast.domain.program import LapseModel, ReviewAbove, Store, Window
from stamgast.domain.region import Region
from stamgast.domain.units import DAY, HOUR


def told(loaded) -> list[str]:
    return [f"{p.message} | {p.hint}" for p in loaded.problems]


MISTAKES = {
    "unknown section": ("name: The Shop", "nam: The Shop", "unknown word", 'Did you mean "name"?'),
    "missing name": ("name: The Shop", "", "`program.yaml` needs `name`", ""),
    "date no sale can have": (
        "name: The Shop",
        "name: The Shop\npurchases: {not_before: 1970-01-01}",
        "must be from 1990-01-02 to 2199-12-31, not 1970-01-01",
        "the oldest sale that you may import",
    ),
    "date that is none": (
        "name: The Shop",
        "name: The Shop\npurchases: {not_before: 2015}",
        "is not a date",
        "2026-10-07",
    ),
    "word for a date": (
        "name: The Shop",
        "name: The Shop\npurchases: {not_befor: 2015-01-01}",
        "unknown word",
        'Did you mean "not_before"?',
    ),
    "rewards of a purchase": (
        "name: The Shop",
        "name: The Shop\npurchases: {most_rewards: 201}",
        "`most_rewards` must be from 1 to 200, not 201",
        "",
    ),
    "a code that friends cannot join by": (
        "name: The Shop",
        "name: The Shop\njoin: {friends: {wording: w-1}, bread: {wording: w-1}}\nreferral: {join: freinds}",
        'unknown code of `join` "freinds"',
        'Did you mean "friends"?',
    ),
    "rewards of a card": ("stamps: 7,", "stamps: 7, most_rewards: none,", "must be a whole number", ""),
    "word for what is much": (
        "name: The Shop",
        "name: The Shop\npurchases: {review_above: {peices: 10}}",
        'unknown word "peices" in `review_above`',
        'Did you mean "pieces"?',
    ),
    "no pieces": (
        "name: The Shop",
        "name: The Shop\npurchases: {review_above: {pieces: 0}}",
        "`pieces` must be from 1 to 1,000,000, not 0",
        "",
    ),
    "much in another currency": (
        "name: The Shop",
        "name: The Shop\npurchases: {review_above: {amount: 10000 USD}}",
        "`amount` is in USD",
        "The programme counts in EUR.",
    ),
    "nothing is much": (
        "name: The Shop",
        "name: The Shop\npurchases: {review_above: {amount: 0 EUR}}",
        "every purchase would wait",
        "10000 EUR",
    ),
    "no time to claim": (
        "name: The Shop",
        "name: The Shop\npurchases: {claims: {within: 0 days}}",
        "`within`",
        "14 days",
    ),
    "for ever to claim": (
        "name: The Shop",
        "name: The Shop\npurchases: {claims: {within: 366 days}}",
        "`within` must be up to 365 days",
        "14 days",
    ),
    "no claims": (
        "name: The Shop",
        "name: The Shop\npurchases: {claims: {per_customer: 0}}",
        "`per_customer` must be from 1 to 10,000, not 0",
        "",
    ),
    "word for claims": (
        "name: The Shop",
        "name: The Shop\npurchases: {claims: {per_cashier: 3}}",
        'unknown word "per_cashier" in `claims`',
        "per_operator",
    ),
    "nothing about purchases": ("name: The Shop", "name: The Shop\npurchases: {}", "says nothing", "review_above"),
    "currency": ("currency: EUR", "currency: euro", "is not a currency code", "EUR"),
    "time zone": (
        "time_zone: Europe/Amsterdam",
        "time_zone: Europe/Amsterdm",
        "unknown time zone",
        'Did you mean "Europe/Amsterdam"?',
    ),
    "language": ("languages: [nl]", "languages: [Dutch]", "is not a language", ""),
    "store's time zone": ("time_zone: America/New_York", "time_zone: New York", "unknown time zone", ""),
    "day start": ("day_start: 4", "day_start: 24", "from 0 to 23", ""),
    "stamps": ("stamps: 7", "stamps: 0", "from 1 to 1,000", "Write 1, or more"),
    "no stamps": ("stamps: 7, ", "", "needs `stamps`", ""),
    "card word": ("categories: [bread]", "category: [bread]", 'unknown word "category"', 'Did you mean "categories"?'),
    "per": ("categories: [bread]", "per: visit", "is not something to give a stamp for", "purchase, item or 10 EUR"),
    "per another currency": ("categories: [bread]", "per: 10 USD", "above zero in EUR", ""),
    "on_refund": ("categories: [bread]", "on_refund: belowzero", "unknown word", 'Did you mean "below_zero"?'),
    "card's reward": ("reward: free_loaf", "reward: free_lof", "unknown reward", 'Did you mean "free_loaf"?'),
    "reward without name": ("names: {nl: Een brood}", "names: {}", "has no name in nl", ""),
    "reward in a foreign language": (
        "names: {nl: Een brood}",
        "names: {nl: Een brood, de: Ein Brot}",
        "not a language of this programme",
        "",
    ),
    "content sid": ("HX00000000000000000000000000000001", "HX1", "is not a ContentSid", "32"),
    "variable word": (
        "voucher.code",
        "voucher.kode",
        'unknown variable "voucher.kode"',
        'Did you mean "voucher.code"?',
    ),
    "variable numbers": ('"1": voucher.code', '"2": voucher.code', "numbered from 1 without gaps", ""),
    "if unproven": (
        "hello: {}",
        "hello: {if_unproven: sent_again}",
        'unknown word "sent_again" in `if_unproven`',
        'Did you mean "send_again"?',
    ),
    "purpose": ("hello: {}", "hello: {purpose: marketting}", "unknown purpose", 'Did you mean "marketing"?'),
    "sender": ('sms_sender: "+31201234568"', "sms_sender: Bakkerij van Noord", "is not a sender", "at most 11"),
    "sender without ears": ('sms_sender: "+31201234568"', "sms_sender: Bakker", "nobody can answer STOP", "number"),
    "cap": ('sms_sender: "+31201234568"', "caps: {marketing: [one a day]}", "is not a rate", ""),
    "cap too far back": ('sms_sender: "+31201234568"', "caps: {marketing: [5 per 60 days]}", "30 days at most", ""),
    "neighbours": ("currency: EUR", "currency: EUR\nneighbours: [Belgium]", "is not a country code", '"BE"'),
    "letters": ('sms_sender: "+31201234568"', "letters: keep_name", 'unknown word "keep_name"', "keep_names"),
    "parts": ('sms_sender: "+31201234568"', "max_parts: 11", "must be from 1 to 10", ""),
    "hours": ('sms_sender: "+31201234568"', 'send_between: {marketing: "07:00-20:00"}', "from 08:00 to 21:00 only", ""),
    "card's id": ("cards: {bread:", "cards: {br:ead|x:", "cannot be an id", ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_told_with_its_remedy(load, name: str):
    old, new, message, hint = MISTAKES[name]
    program = load().files["program.yaml"]
    assert old in program
    found = told(load(program=program.replace(old, new)))
    assert any(message in line and hint in line.partition(" | ")[2] for line in found), found


def test_a_programme_says_what_the_core_needs(load):
    program = load(
        program=load().files["program.yaml"]
        + """
lapse: {median_gap_days: 20, quantile: 0.9}
costs: {margin: 55%, margins: {bread: 62.5%}, acquisition: 2.50 EUR, acquisition_by_source: {flyer: 4 EUR}, lifespan_years: 4}
freshness: {purchases: 3 hours, timers: 5 days}
purchases: {not_before: 2015-01-01, most_rewards: 5, review_above: {pieces: 40, amount: 500 EUR},
  claims: {within: 30 days, per_operator: 12}}
"""
    ).program
    assert (program.merchant, program.name, program.currency, program.languages) == ("shop", "The Shop", "EUR", ("nl",))
    assert program.claims == ClaimRules(30 * DAY, per_operator=12)
    assert program.stores["korenmarkt"] == Store("korenmarkt", "America/New_York", 4, "NL")
    assert program.cards["bread"].stamps_required == 7
    assert program.cards["bread"].categories == {"bread"}
    assert program.cards["rewarded"].reward == "free_loaf"
    assert program.lapse == LapseModel(median_gap_days=20, quantile=0.9)
    assert (program.costs.default_margin, program.costs.category_margins["bread"]) == (550, 625)
    assert (program.costs.acquisition("walk-in", 20_000), program.costs.acquisition("flyer", 20_000)) == (250, 400)
    assert (program.fresh_for, program.timers_fresh_for) == (3 * HOUR, 5 * DAY)
    assert program.earliest(recorded_at=0) == 1_420_066_800_000, "midnight in Amsterdam"
    assert (program.most_rewards, program.review_above) == (5, ReviewAbove(40, 50_000))
    assert program.messaging.windows["marketing"] == Window(540, 1200)
    assert program.templates["free_loaf"].purpose == "marketing"
    assert program.templates["free_loaf"].variables == {"1": "{{ voucher.code }}"}


@pytest.mark.parametrize(
    ("words", "shop", "korenmarkt"),
    [("", None, None), ("neighbours: [BE, DE]", ("BE", "DE"), ("BE", "DE")), ("neighbours: []", (), ())],
)
def test_a_programme_says_whether_its_shop_is_at_the_border(load, words, shop, korenmarkt):
    program = load(program=load().files["program.yaml"] + f"\nregion: NL\n{words}\n").program
    assert program.home == Region("NL", shop)
    assert program.region_of("korenmarkt") == Region("NL", korenmarkt)
    assert program.region_of("nowhere") == program.home


def test_numbers_that_are_nobodys_are_written_as_they_are_or_called_usual(load):
    text = "name: S\ncurrency: EUR\ntime_zone: UTC\nlanguages: [nl]\nregion: NL\nnobodys_phones: {}\n"
    loaded = load(program=text.format('[usual, "09 223 45 67"]'))
    assert [each.render() for each in loaded.problems if "nobodys" in each.message] == []
    assert loaded.program.nobodys_phones == ("usual", "09 223 45 67")
    assert loaded.program.home.nobodys == loaded.program.nobodys_phones
    wrong = [each.render() for each in load(program=text.format("[usually]")).problems if "nobodys" in each.message]
    assert len(wrong) == 1
    assert "or usual" in wrong[0]


def test_a_store_says_it_for_itself_and_one_abroad_has_other_neighbours(load):
    stores = "stores: {maas: {neighbours: BE}, lille: {region: FR}, mons: {region: BE, neighbours: [FR]}}"
    text = "name: S\ncurrency: EUR\ntime_zone: UTC\nlanguages: [nl]\nregion: NL\nneighbours: [DE]\n" + stores
    program = load(program=text).program
    found = [program.region_of(name) for name in ("maas", "lille", "mons")]
    assert found == [Region("NL", ("BE",)), Region("FR"), Region("BE", ("FR",))]


def test_stamps_are_given_per_purchase_item_or_amount(load):
    def card(per: str):
        return load(program=load().files["program.yaml"].replace("categories: [bread]", f"per: {per}")).program.cards[
            "bread"
        ]

    assert (card("purchase").per, card("item").per) == ("purchase", "item")
    assert (card("12.50 EUR").per, card("12.50 EUR").amount) == ("amount", 1250)


def test_a_template_in_too_few_languages_is_refused(load):
    program = (
        load()
        .files["program.yaml"]
        .replace("languages: [nl]", "languages: [nl, fr]")
        .replace("nl: Een brood", "nl: Een brood, fr: Un pain")
    )
    found = told(load(program=program))
    assert "the template free_loaf lacks fr for whatsapp | Add `fr: HX…` under `whatsapp`." in found
    assert "the template hello lacks fr for sms | Add the file templates/fr/hello.j2." in found


def test_a_template_without_any_text_is_refused(load):
    program = load().files["program.yaml"].replace("hello: {}", "hello: {}\n  empty: {}")
    assert any("the template empty has no text" in line for line in told(load(program=program)))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("templates/nl/helo.j2", "Hallo STOP", 'program.yaml names no template "helo" | Did you mean "hello"?'),
        ("templates/fr/hello.j2", "Salut STOP", '"fr" is not a language of this programme'),
        ("templates/nl/hello.j2", "Dag {{ klant.naam }} STOP", 'unknown variable "klant.naam"'),
        ("templates/nl/hello.j2", "Dag {{ customer.phone }} STOP", 'unknown variable "customer.phone"'),
        ("templates/nl/hello.j2", "Dag {{ customer }} STOP", 'unknown variable "customer"'),
        ("templates/nl/hello.j2", "Dag {{ customer['phone'] }} STOP", 'unknown variable "customer.phone"'),
        ("templates/nl/hello.j2", "Dag {{ customer. STOP", "this is not the text of a template"),
        ("templates/nl/hello.j2", " \n", "this text is empty"),
        ("templates/nl/hello.j2", "Hallo!", "does not say how to stop such messages"),
        ("templates/hello.j2", "Hallo", "this file is not read"),
        ("rules/more.yml", "x", "Name it rules/more.yaml."),
        ("rules/sub/more.yaml", "x", "Rules stand in rules/ itself."),
    ],
)
def test_the_files_around_it_are_checked(load, name: str, text: str, message: str):
    found = told(load(more={name: text}))
    assert any(message in line for line in found), found


def test_a_place_in_a_template_is_found(load):
    problem = next(p for p in load(more={"templates/nl/hello.j2": "STOP\nDag {{ klant.naam }}"}).problems)
    assert (problem.file, problem.line, problem.column, problem.length) == ("templates/nl/hello.j2", 2, 8, 10)


def test_words_that_a_template_makes_itself_are_its_own(load):
    text = "{% set groet = 'Dag' %}{{ groet }} {{ merchant.name }}, STOP"
    assert told(load(more={"templates/nl/hello.j2": text})) == []


def test_without_a_programme_there_is_one_problem():
    assert told(load_bundle({"rules/x.yaml": "rule: x"})) == [
        "program.yaml is missing | It begins with `name`, `currency`, `time_zone`, `languages` and `stores`."
    ]


def test_a_folder_reads_like_its_files(load, tmp_path):
    folder = tmp_path / "shop"
    for name, text in load().files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / ".hidden").write_text("x")
    (folder / "README.md").write_text("x")
    loaded = load_merchant(folder)
    assert loaded.ok
    assert dict(loaded.files) == dict(load().files)
    assert loaded.program == load().program


@pytest.mark.parametrize("name", ["rules/dir.yaml", "rules/dir.yml", "templates/nl/dir.j2"])
def test_a_folder_where_a_file_should_be_is_named_as_not_read(load, tmp_path, name: str):
    for file, text in load().files.items():
        (tmp_path / "shop" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / file).write_text(text)
    (tmp_path / "shop" / name).mkdir()
    loaded = load_merchant(tmp_path / "shop")
    assert not loaded.ok
    assert [(p.file, p.message) for p in loaded.problems] == [
        (f"{tmp_path}/shop/{name}", "this is a folder and is not read")
    ]


def test_a_folder_of_another_name_is_refused(load, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store/program.yaml").write_text(load().files["program.yaml"])
    assert any(
        'this is the folder of "store", not of "shop"' in line for line in told(load_merchant(tmp_path / "store"))
    )


def test_bytes_that_are_no_text_are_a_problem_and_no_exception(tmp_path):
    (tmp_path / "program.yaml").write_bytes(b"name: caf\xe9")
    assert any("not UTF-8" in line for line in told(load_merchant(tmp_path)))
    assert any("no such folder" in line for line in told(load_merchant(tmp_path / "none")))


def test_what_is_too_much_to_be_meant_has_a_default_where_the_currency_has_one(load):
    usual = load().program
    assert (usual.most_rewards, usual.review_above) == (20, ReviewAbove(1000, 1_000_000))
    yen = load(program="name: S\ncurrency: JPY\ntime_zone: Asia/Tokyo\nlanguages: [ja]\nstores: {a: {}}\n").program
    rupiah = load(program="name: S\ncurrency: IDR\ntime_zone: Asia/Jakarta\nlanguages: [id]\nstores: {a: {}}\n").program
    assert (yen.review_above.amount, rupiah.review_above.amount) == (1_500_000, None)


def test_a_programme_has_so_many_cards(load):
    def cards(count: int) -> list[str]:
        many = "".join(f"  c{n}: {{stamps: 2}}\n" for n in range(count))
        text = "name: S\ncurrency: EUR\ntime_zone: UTC\nlanguages: [nl]\nstores: {a: {}}\ncards:\n"
        return [line for line in told(load(program=text + many)) if "at most 50" in line]

    assert (len(cards(50)), len(cards(51))) == (0, 1)


@pytest.mark.parametrize(
    ("referral", "join", "by"),
    [
        ("true", "{bread: {wording: w-1}}", "bread"),
        ("{least: 5 EUR}", "{bread: {wording: w-1}}", "bread"),
        ("{join: friends}", "{bread: {wording: w-1}, friends: {wording: w-2}}", "friends"),
        ("true", "{bread: {wording: w-1}, friends: {wording: w-2}}", ""),
        ("true", "{}", ""),
    ],
)
def test_what_friends_agree_to_who_join_by_writing_is_said_or_the_only_thing_that_there_is(referral, join, by):
    text = f"name: The Shop\nlanguages: [nl]\nstores: {{shop: {{}}}}\nreferral: {referral}\njoin: {join}\n"
    loaded = load_bundle({"program.yaml": text})
    assert [each for each in told(loaded) if "join" in each or "referral" in each] == []
    rules = loaded.program.referral
    assert rules is not None
    assert rules.join == by
