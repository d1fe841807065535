from django.db import connections


def close():
    connections.close_all()  # DJT006
