import jobs


def nightly():
    jobs.sync("nightly")
