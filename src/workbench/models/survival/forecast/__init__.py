"""Models selected on unseen time, recalibrated, and asked what comes next."""
