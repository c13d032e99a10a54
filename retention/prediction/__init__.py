"""What customers will probably do: expected orders, churn, value, next dates, alerts, segments."""
