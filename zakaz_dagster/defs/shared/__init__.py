"""What every slice uses: factories of assets, checks, schedules and sensors."""
