"""What cells, headers and titles say: numbers, periods, words, and where a table lies in its sheet.

Always holds: one grammar reads headers and titles alike; what is not understood is kept as unknown.
"""
