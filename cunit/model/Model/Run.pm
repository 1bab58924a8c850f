package Model::Run;
# Model::Run - episodes: a new world, a stream of commands, and what is left of it when it fails
use strict;
use warnings;
use Halcyon::Client;
use Halcyon::Test;
use List::Util qw(max);
use MIME::Base64 qw(encode_base64);
use Model::Boxes;
use Model::Messages;
use Model::Stream qw(next_step);
use Model::View qw(problem);
use Model::World;
use Time::HiRes qw(time);

my %OP = (%Model::Messages::OP, %Model::Boxes::OP);
use constant { KEPT => 40, IDLE_WAIT => 15, WIDTH => 400 };

# Options: clients, variant (bit 0 altnamespace, bit 1 unixhierarchysep), peer.
sub new {
    my ($class, %o) = @_;
    my $self = bless { %o, commands => 0, worlds => 0 }, $class;
    my ($alt, $slash) = ($o{variant} & 1, $o{variant} & 2);
    $self->{instance} = Halcyon::Test->new(peer => $o{peer} // '', idled => 1, users => { cyrus => 'secret' },
        conf => { altnamespace => $alt ? 'yes' : 'no', unixhierarchysep => $slash ? 'yes' : 'no', virtdomains => 'off', expunge_mode => $o{variant} & 1 ? 'immediate' : 'delayed',
            delete_mode => $slash ? 'immediate' : 'delayed', imapidlepoll => '2', sasl_mech_list => 'PLAIN', conversations => 'no' });
    return $self;
}

# ---- a world
sub begin {
    my ($self) = @_;
    my $tag = ++$self->{worlds};
    my @users = map { "$_$tag" } qw(ann bob cid);
    my $world = Model::World->new(users => \@users, alt => $self->{variant} & 1, slash => $self->{variant} & 2);
    my ($ann, $bob, $cid) = @users;
    my $all = $Model::World::ALL;
    my %acl = (
        map({ ("user.$_" => { $_ => $all }, "user.$_.Work" => { $_ => $all }) } @users),
        "shared$tag" => { anyone => 'lrswite' }, "shared$tag.news" => { anyone => 'lrs', $ann => 'lrswipkxtea' }, "shared$tag.common" => { anyone => 'lrswite' },
    );
    $acl{"user.$ann.Work"}{$bob} = 'lrswite';
    $acl{"user.$ann.Work"}{$cid} = 'lrs';
    $acl{"user.$bob"}{$ann} = 'lrsi';
    @$self{qw(world names log)} = ($world, [ sort keys %acl ], []);
    my $admin = $self->admin;
    my $sep = $self->{variant} & 2 ? '/' : '.';
    for my $name (sort keys %acl) {
        my $as = $name =~ s/\./$sep/gr;
        $admin->ok("CREATE $as");
        $admin->cmd("DELETEACL $as $_") for 'anyone', grep { !$acl{$name}{$_} } @users;      # taken over from above
        $admin->ok("SETACL $as $_ $acl{$name}{$_}") for sort keys %{ $acl{$name} };
        $world->create($name, $acl{$name});
    }
    $admin->logout;
    $self->{pool} = {
        users => \@users, hot => [ "user.$ann", "user.$ann.Work", "shared$tag", "shared$tag.common" ],
        all => [ map({ my $u = $_; map { "user.$u$_" } '', qw(.Work .Work.Old .Sent .New.Deep) } @users), sort grep { /^shared/ } keys %acl ],
    };
    @{ $self->{views} } = map { Model::View->new(n => $_, user => $users[ ($_ >> 1) % @users ], world => $world) } 0 .. $self->{clients} - 1;
    $self->connect($_) for @{ $self->{views} };
    return if $self->{peer};                    # 3.6.1 dies of it
    $self->{views}[0]{client}->ok('SETMETADATA ' . $world->quoted($ann, "shared$tag.common") . ' (/shared/vendor/cmu/cyrus-imapd/sharedseen "true")');
    $world->{boxes}{"shared$tag.common"}{sharedseen} = 1;
}

sub admin { my ($self) = @_; my $c = $self->{instance}->imap; $c->login('cyrus', 'secret'); return $c }

# The administrator's password, on behalf of a user.
sub connect {
    my ($self, $v) = @_;
    $v->{client} = $self->{instance}->imap;
    $v->{client}->ok('AUTHENTICATE PLAIN ' . encode_base64("$v->{user}\0cyrus\0secret", ''));
    @$v{qw(condstore qresync)} = (0, 0);
}

sub end {
    my ($self) = @_;
    $_->{client}->close for @{ $self->{views} };
    my $admin = eval { $self->admin } or return;
    my $sep = $self->{variant} & 2 ? '/' : '.';
    for my $name (reverse sort keys %{ { map { $_ => 1 } @{ $self->{names} }, keys %{ $self->{world}{boxes} } } }) {
        my $as = $name =~ s/\./$sep/gr;
        $admin->cmd("SETACL $as cyrus lrswipkxtea");
        $admin->cmd("DELETE $as");
    }
    $admin->logout;
    @{ $self->{views} } = ();
}

# ---- used by the commands
sub fold {
    my ($self, $v, $ctx, $r) = @_;
    $v->fold($ctx, @{ $r->{untagged} });
    $v->tagged($ctx, $r->{text});
    problem('CONDSTORE is enabled now, and HIGHESTMODSEQ is not told') if $ctx->{first_condstore} && $v->{box} && !defined $ctx->{high} && !$self->{peer};
}

sub selected { my ($self, $box) = @_; return grep { $_->{box} && $_->{box} == $box } @{ $self->{views} } }

# A mailbox that this user may not see is told as one that is not there.
sub not_there {
    my ($self, $r, $op, $box) = @_;
    return if $self->{peer};                    # 3.6.1 gives that away
    my $seen = $self->{refusals}{$op} //= {};
    $seen->{ $box ? 'hidden' : 'absent' } = $r->{text};
    my ($hidden, $absent) = @$seen{qw(hidden absent)};
    problem("$op of a hidden mailbox says '$hidden', of none '$absent'") if defined $hidden && defined $absent && $hidden ne $absent;
}

# Clients whose mailbox has gone, got another name or other rights leave it: nothing says what holds meanwhile.
sub settle {
    my ($self) = @_;
    for my $v (grep { delete $_->{orphan} } @{ $self->{views} }) {
        delete $v->{cache}{ $v->{box}{birth} };
        delete $v->{box};
        my $r = eval { $self->send($v, 'NOOP') };
        $r &&= eval { $self->send($v, 'UNSELECT') };
        $self->connect($v) unless $r;
    }
}

sub send {
    my ($self, $v, @parts) = @_;
    return $self->receive($v, $self->start($v, @parts));
}

sub start {
    my ($self, $v, @parts) = @_;
    $self->{commands}++;
    my $tag = $v->{client}->start(@parts);
    $self->note("C$v->{n}: $tag " . join '', map { ref ? '{' . length($$_) . '}' : $_ } @parts);
    return $tag;
}

sub receive {
    my ($self, $v, $tag) = @_;
    my $r = $v->{client}->finish($tag);
    $self->note(map({ "S$v->{n}: $_" } @{ $r->{untagged} }), "S$v->{n}: $tag $r->{status} $r->{text}");
    $r->{tag} = $tag;
    return $r;
}

sub note {
    my ($self, @lines) = @_;
    push @{ $self->{log} }, map { my $t = $_; $t =~ s/\r\n/\\n/g; substr $t, 0, WIDTH } @lines;
    splice @{ $self->{log} }, 0, @{ $self->{log} } - KEPT if @{ $self->{log} } > KEPT && !$self->{whole_log};
}

# ---- steps
sub perform {
    my ($self, $step) = @_;
    return $self->_batch(@{ $step->{steps} }) if $step->{op} eq 'batch';
    my $v = $self->{views}[ $step->{c} ] or return;
    return $self->_reconnect($v, $step) if $step->{op} eq 'reconnect';
    return $self->_idle($v, $step) if $step->{op} eq 'idle';
    my ($parts, $check) = $OP{ $step->{op} }->($self, $v, $step) or return;
    $check->($self->send($v, @$parts));
}

sub _batch {
    my ($self, @steps) = @_;
    my @open;
    for my $step (@steps) {
        my $v = $self->{views}[ $step->{c} ] or next;
        my ($parts, $check) = $OP{ $step->{op} }->($self, $v, $step) or next;
        push @open, [ $v, $self->start($v, @$parts), $check ];
    }
    $_->[2]->($self->receive(@$_[ 0, 1 ])) for @open;
}

sub _reconnect {
    my ($self, $v, $step) = @_;
    $self->note("C$v->{n}: (connects anew)");
    $v->leave;
    if ($step->{abrupt}) { $v->{client}->close } else { $self->send($v, 'LOGOUT') }
    $self->connect($v);
}

# One client idles, another changes the mailbox, the first must hear of it (RFC 2177).
sub _idle {
    my ($self, $v, $step) = @_;
    return unless $v->{box} && $step->{by}{c} != $step->{c};
    my %ctx = (expunge => 1, racing => 1);
    my $hear = sub { my $line = $v->{client}->response; $self->note("S$v->{n}: $line"); return $line };
    my $tag = $self->start($v, 'IDLE');
    while ((my $line = $hear->()) !~ /^\+/) { $v->fold(\%ctx, $line) }
    for my $by (undef, $step->{by}) {           # what waits comes at once, then what happens
        $self->perform($by) if $by;
        $ctx{racing} = $by;
        _hear_until_synced($v, \%ctx, $hear);
    }
    $v->{client}->send("DONE\r\n");
    my $r = $self->receive($v, $tag);
    $self->fold($v, \%ctx, $r);
    problem("IDLE: $r->{status} $r->{text}") if $r->{status} ne 'OK';
}

sub _hear_until_synced {
    my ($v, $ctx, $hear) = @_;
    my $until = time + IDLE_WAIT;
    until (eval { $v->check_synced; 1 }) {
        my $why = $@;
        die $why unless ref $why;
        local $Halcyon::Client::TIMEOUT = max(0.1, $until - time);
        my $line = eval { $hear->() } // problem("IDLE was not told within @{[ IDLE_WAIT ]} s: $why->{text}");
        $v->fold($ctx, $line);
    }
}

# ---- episodes
# A stream of n commands from the current random numbers, or the steps given: undef, or what was wrong.
sub episode {
    my ($self, $n, @given) = @_;
    $self->begin;
    my @steps;
    my $at = $self->{commands};
    my $ok = eval {
        while (@given ? @steps < @given : $self->{commands} - $at < $n) {
            push @steps, @given ? $given[@steps] : next_step($self->{views}, $self->{pool});
            $self->perform($steps[-1]);
        }
        for my $v (@{ $self->{views} }) { $self->perform({ op => 'noop', c => $v->{n}, word => 'NOOP' }) }
        1;
    };
    my $why = $@;
    $self->end;
    return if $ok;
    return { text => ref $why ? $why->{text} : "$why", steps => \@steps, log => [ @{ $self->{log} } ] };
}

# The names of users and mailboxes hold the number of the world.
sub _elsewhere {
    my ($self, $step) = @_;
    my $next = $self->{worlds} + 1;
    return $step if !ref $step;
    return [ map { $self->_elsewhere($_) } @$step ] if ref $step eq 'ARRAY';
    my %copy = map { $_ => $self->_elsewhere($step->{$_}) } keys %$step;
    for my $key (grep { defined $copy{$_} } qw(box to who)) { $copy{$key} =~ s/\b(ann|bob|cid|shared)\d+/$1$next/ }
    return \%copy;
}

sub _again {
    my ($self, @steps) = @_;
    return $self->episode(0, map { $self->_elsewhere($_) } @steps);
}

sub _kind { my ($text) = @_; return substr $text =~ s/\d+//gr =~ s/\(.*?\)//gr, 0, 30 }

# The shortest stream that still fails in this way, found by leaving out more and more finely (seconds at most).
sub shorten {
    my ($self, $failure, $seconds) = @_;
    my $until = time + $seconds;
    my $kind = _kind($failure->{text});
    my $best = $failure;
    for (my $size = @{ $best->{steps} } >> 1; $size >= 1; $size >>= 1) {
        for (my $from = 0; $from < @{ $best->{steps} } && time < $until;) {
            my @left = @{ $best->{steps} };
            splice @left, $from, $size;
            my $found = @left ? $self->_again(@left) : undef;
            if ($found && _kind($found->{text}) eq $kind) { $best = $found } else { $from += $size }
        }
    }
    local $self->{whole_log} = 1;
    return $self->_again(@{ $best->{steps} }) // $best;
}

1;
