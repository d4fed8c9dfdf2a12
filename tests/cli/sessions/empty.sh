# nothing recorded: says where, and what to do
ghost sessions
ghost sessions --format json
ghost report
