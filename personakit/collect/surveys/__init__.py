"""The exports of survey tools."""
