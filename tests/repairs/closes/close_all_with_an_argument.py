from django.db import connections


def close():
    connections.close_all(initialized_only=True)  # DJT006
