from stamgast.demo.stage import environment, make_settings
from stamgast.settings import Settings


def test_no_setting_of_this_machine_reaches_the_trial(tmp_path, monkeypatch):
    monkeypatch.setenv("STAMGAST_TWILIO_API_SECRET", "live-secret")
    monkeypatch.setenv("stamgast_topic_prefix", "theirs.")
    env = environment(make_settings(tmp_path, tmp_path, kafka="127.0.0.1:1", redis="redis://127.0.0.1:2/0"))
    ours = {name.removeprefix("STAMGAST_").lower() for name in env if name.startswith("STAMGAST_")}
    assert ours == set(Settings.model_fields)
    assert env["STAMGAST_TWILIO_ACCOUNT_SID"].startswith("ACsandbox")
    assert "live-secret" not in env.values()
    assert "theirs." not in env.values()


def test_a_childs_settings_are_those_it_was_given(tmp_path, monkeypatch):
    given = make_settings(tmp_path, tmp_path, kafka="127.0.0.1:1", redis="redis://127.0.0.1:2/0")
    for name, value in environment(given).items():
        monkeypatch.setenv(name, value)
    assert Settings(_env_file=None) == given
