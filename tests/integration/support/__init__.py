"""What the integration tests start, stub and compare with."""
