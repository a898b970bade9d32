"""What dashboards read: facts, views, seeds and pages."""
