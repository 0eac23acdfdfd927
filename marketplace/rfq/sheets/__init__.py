"""Spreadsheets: the lines of an RFQ, and the workbook in which a supplier fills in a bid."""
