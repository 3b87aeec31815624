"""What would the Bicep compiler refuse?"""
