// Screens use the generated records as they are; whoever imports ImenaCore sees them.
@_exported import ImenaBindings
