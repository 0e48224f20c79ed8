"""The domain of alerting: rules, evaluation, the life of an alert, its messages and their delivery."""
