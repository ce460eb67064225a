"""The sandbox's legal record: what it sold, as a DSFinV-K export. Shares no code with what reads such exports."""
