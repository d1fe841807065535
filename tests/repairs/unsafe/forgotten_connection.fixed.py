from django.db import connections


def forget(alias):
    print(alias)

    # made anew by the next query
    connections[alias].close()
    del connections[alias]  # DJT006
