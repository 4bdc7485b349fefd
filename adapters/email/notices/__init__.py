"""What a mail system says about a mail: disposition notifications (RFC 8098), delivery status (RFC 3464), and what the
sender of the mail may conclude from them (Implementation Guide for Delivery Notification in Direct).
"""
