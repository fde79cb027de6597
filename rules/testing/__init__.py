"""Tests inside rule files: their cases, what is given, and how a failure is said."""
