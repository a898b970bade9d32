"""What keeps the platform watched: alerts, audit, history of runs and checks, retention."""
