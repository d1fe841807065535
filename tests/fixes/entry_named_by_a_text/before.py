from apscheduler.schedulers.background import BackgroundScheduler

BackgroundScheduler().add_job("orders.jobs:sync", "interval")  # DJT101 boundary
