"""Tests of the documentation: its blocks are tried, its site is built, its pictures are looked over."""
