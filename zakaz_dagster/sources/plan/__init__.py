"""The sales plan: a spreadsheet that people keep, uploaded by `zakaz import plan`."""
