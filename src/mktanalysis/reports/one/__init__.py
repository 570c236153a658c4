"""One report: cells run, tables and figures published, the page and the workbook written."""
