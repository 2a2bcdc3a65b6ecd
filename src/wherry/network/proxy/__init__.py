"""Proxy: Services as rules of the kernel. adapter, rules, book, script are pure; nft and proxier act."""
