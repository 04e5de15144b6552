"""Tests of users' own files as tasks."""
