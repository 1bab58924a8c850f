package Bench::Fill;
# Bench::Fill - the data sets of the servers: made once, proved, kept between runs
#
# Each set has a stamp file in the server's directory that says what it was made from.  Before a run
# the mailboxes are counted; a set that is not what its stamp says is made anew.
use strict;
use warnings;
use Exporter qw(import);
use POSIX ();
use Bench::Drive qw(drive_server note);
use Bench::File qw(slurp spew);

our @EXPORT_OK = qw(fill_all);

sub all_well {
    my ($server, @calls) = @_;
    for my $call (@calls) {
        ref drive_server($server, $call) or return 0;
    }
    return 1;
}

# Fill one set and the one it is made from; true when it is there and whole.
sub fill_set {
    my ($server, $name, $sets, $stamp, $may_fill) = @_;
    my $set = $sets->{$name};
    my $path = $server->dir . "/filled.$name";
    return 1 if slurp($path) eq $stamp && all_well($server, @{ $set->{check} });
    return 0 if !$may_fill;
    return 0 if $set->{after} && !fill_set($server, $set->{after}, $sets, $stamp, 1);
    unlink $path;
    my $started = time;
    if (!all_well($server, @{ $set->{fill} }, @{ $set->{verify} })) {
        note($server->name . ": the data set '$name' could not be filled: its jobs are left out\n");
        return 0;
    }
    note(sprintf "filled %s: %s in %d s\n", $server->name, $name, time - $started);
    spew($path, $stamp);
    return 1;
}

sub make_users {
    my ($server, $users, $stamp) = @_;
    my $path = $server->dir . '/filled.users';
    return 1 if !$server->needs_admin || slurp($path) eq "$stamp $users";
    ref drive_server($server, 'mkusers admin=cyrus', "list=$users") or return 0;
    spew($path, "$stamp $users");
    return 1;
}

# Fill all servers at once, each in a process of its own.  Returns { server => { set => 1 } }.
sub fill_all {
    my ($work, $servers, $may_fill, @names) = @_;
    my ($sets, $stamp) = ($work->sets, $work->stamp);
    my (%from, %there);
    for my $server (@$servers) {
        my $pid = open($from{ $server->name }, '-|') // die "fork: $!\n";
        next if $pid;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        my @done = make_users($server, $work->users, $stamp)
            ? grep { fill_set($server, $_, $sets, $stamp, $may_fill) } @names : ();
        syswrite STDOUT, "@done";
        POSIX::_exit(0);        # the servers belong to the parent
    }
    for my $name (keys %from) {
        my $fh = $from{$name};
        $there{$name} = { map { $_ => 1 } split ' ', <$fh> // '' };
    }
    return \%there;
}

1;
