from stamgast.commands.keys import not_in_force


def test_a_key_for_a_name_that_nobody_published_is_told_with_the_nearest_one():
    published = {"bakkerij-noord", "platenzaak"}

    assert not_in_force("platenzaak", published) == ""
    assert not_in_force("bakkerij-nord", published).endswith("is in force yet; did you mean 'bakkerij-noord'?")
    assert not_in_force("nobody", published).endswith("published: bakkerij-noord, platenzaak")
    assert not_in_force("nobody", ()).endswith("published: none yet")
