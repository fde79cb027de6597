"""Records that are set apart come back by key, all of a key together and in their order, and leave nothing behind."""

from pathlib import Path

from stamgast.lists.spool import Spool


def test_what_was_mixed_comes_back_by_key_and_leaves_nothing(tmp_path: Path):
    with Spool(tmp_path, 7) as spool:
        for number in range(1_000):
            spool.add(number % 3, f"m:{number % 50}".encode(), str(number).encode() * (number % 4))
        groups = [list(group) for group in spool.groups()]
        assert not list(tmp_path.iterdir()), "nobody else sees them"
    keys = [{each.key for each in group} for group in groups]
    assert sum(map(len, keys)) == len(set().union(*keys)) == 50
    for key in set().union(*keys):
        (mine,) = [group for group in groups if any(each.key == key for each in group)]
        number = int(key.partition(b":")[2])
        wanted = [(n % 3, str(n).encode() * (n % 4)) for n in range(number, 1_000, 50)]
        assert [(each.kind, each.value) for each in mine if each.key == key] == wanted
