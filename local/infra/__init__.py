"""Is the infrastructure sound, as far as it can be known without the Bicep compiler?"""
