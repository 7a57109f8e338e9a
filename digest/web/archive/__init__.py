"""The public archive as pages: what they look like, whoever hands them out; a web server
(web.reader.archive) or a folder of files (`export`).
"""
