"""The words of rules, one class each: triggers, conditions, actions, and the registry that knows them."""
