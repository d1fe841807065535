from jobs import sync


def test_sync():
    sync("in a test")
