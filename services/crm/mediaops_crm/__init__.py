"""User operations: who are these people, how sticky and active are they?"""
