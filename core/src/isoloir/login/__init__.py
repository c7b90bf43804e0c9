"""Walks one voter through the policy: sessions, flow, claims, attempts, eligibility."""
