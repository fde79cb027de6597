from stamgast.web.limits import TokenBuckets


class Hand:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_let_through_and_then_the_rate():
    time = Hand()
    buckets = TokenBuckets(2, 3, monotonic=time)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    time.now += 0.5
    assert buckets.take("a") == 0
    assert buckets.take("a") > 0


def test_names_do_not_share_a_bucket_and_old_ones_are_forgotten():
    buckets = TokenBuckets(0.001, 1, most=2, monotonic=Hand())
    assert [buckets.take(name) for name in "abc"] == [0, 0, 0]
    assert buckets.take("c") > 0
    assert buckets.take("a") == 0


def test_what_is_left_is_told_in_whole_requests_and_seconds():
    time = Hand()
    buckets = TokenBuckets(2, 3, monotonic=time)
    buckets.take("a")
    assert buckets.told("a") == {"RateLimit-Policy": '"key";q=3;w=2', "RateLimit": '"key";r=2;t=1'}
    for _ in range(5):
        buckets.take("a")
    assert buckets.told("a")["RateLimit"] == '"key";r=0;t=2'
    time.now += 60
    assert buckets.told("a")["RateLimit"] == '"key";r=3;t=0'
