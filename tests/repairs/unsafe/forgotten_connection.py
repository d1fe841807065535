from django.db import connections


def forget(alias):
    print(alias)

    # made anew by the next query
    del connections[alias]  # DJT006
