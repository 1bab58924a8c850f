package Model::Boxes;
# Model::Boxes - commands about mailboxes: RFC 3501 6.3, 3502, 4314, 4315, 5161, 5258, 7162
#
# Shape of a command: see Model::Messages.
use strict;
use warnings;
use Halcyon::Oracle;
use Model::Mail;
use Model::Messages;
use Model::View qw(problem uids_of set_of);
use Model::World;

our %OP = (
    select => \&_select, status => \&_status_of, append => \&_append, create => \&_create, delete => \&_delete,
    rename => \&_rename, subscribe => \&_subscribe, list => \&_list, lsub => \&_lsub, setacl => \&_setacl,
    rights => \&_rights, enable => \&_enable,
);

sub _status { my ($r, @good) = @_; problem("$r->{status} $r->{text}") unless grep { $r->{status} eq $_ } @good }

# ---- SELECT and EXAMINE
sub _select {
    my ($run, $v, $d) = @_;
    my $world = $run->{world};
    my $box = $world->{boxes}{ $d->{box} };
    my $cache = $box && $d->{resync} && $v->{qresync} ? $v->{cache}{ $box->{birth} } : undef;
    my $param = $cache ? ' ' . _resync_param($cache, $d) : $d->{condstore} ? ' (CONDSTORE)' : '';
    return ([ ($d->{examine} ? 'EXAMINE ' : 'SELECT ') . $world->quoted($v->{user}, $d->{box}) . $param ], sub {
        my ($r) = @_;
        my $was = $v->{box};
        $v->{condstore} = 1 if $d->{condstore} && !$cache;
        my $rights = $world->rights($v->{user}, $d->{box});
        my @lines = @{ $r->{untagged} };
        if ($was) {                                 # RFC 7162 3.2.11: what comes before CLOSED is of the old one
            my ($at) = grep { $lines[$_] =~ /^\* OK \[CLOSED\]/ } 0 .. $#lines;
            problem('no CLOSED before another mailbox is selected') if !defined $at && $v->{qresync} && $r->{status} eq 'OK';
            $v->fold({ expunge => 0 }, splice @lines, 0, $at + 1) if defined $at;
        }
        $v->leave;
        if (!$rights->{r}) {
            $run->fold($v, {}, { %$r, untagged => \@lines });
            _status($r, 'NO');
            $run->not_there($r, 'SELECT', $box) unless $world->sees($v->{user}, $d->{box});
            return;
        }
        $v->enter($box, $rights, $d->{examine});
        my %ctx = (expunge => 0, earlier => !!$cache, stale => 1);
        $v->{list} = [ map { { uid => $_, msg => $box->{msgs}{$_}, $cache && defined $cache->{flags}{$_} ? (flags => $cache->{flags}{$_}) : () } } @{ $box->{uids} } ] if $cache;
        $run->fold($v, \%ctx, { %$r, untagged => \@lines });
        _status($r, 'OK');
        _check_select($v, \%ctx, $r, $d, \@lines);
        _check_resync($v, \%ctx, $cache, $d) if $cache;
        $v->{high} = $ctx{codes}{HIGHESTMODSEQ} // 0;
    });
}

sub _resync_param {
    my ($cache, $d) = @_;
    my @uids = sort { $a <=> $b } keys %{ $cache->{flags} };
    my $known = $d->{known} && @uids ? ' ' . set_of(@uids) : '';
    return "(QRESYNC ($cache->{validity} $cache->{high}$known))";
}

sub _check_select {
    my ($v, $ctx, $r, $d, $lines) = @_;
    my ($box, $codes) = ($v->{box}, $ctx->{codes});
    problem("no $_") for grep { !defined $codes->{$_} } qw(UIDVALIDITY UIDNEXT PERMANENTFLAGS HIGHESTMODSEQ);
    problem('no FLAGS') unless defined $ctx->{flag_list};
    my ($exists) = map { /^\* (\d+) EXISTS/ } @$lines;
    problem('no EXISTS') unless defined $exists;
    my $why = Model::World::saw_validity($box, $codes->{UIDVALIDITY}) // Model::World::saw_highest($box, $codes->{HIGHESTMODSEQ});
    problem($why) if $why;
    problem("UIDNEXT $codes->{UIDNEXT}, should be $box->{next}") if $codes->{UIDNEXT} != $box->{next};
    my %listed = map { $_ => 1 } split ' ', $ctx->{flag_list};
    my @missing = grep { !$listed{$_} } map { keys %{ $_->{flags} } } values %{ $box->{msgs} };
    problem("FLAGS does not list @missing") if @missing;
    my %permanent = map { lc() => 1 } $codes->{PERMANENTFLAGS} =~ /([^\s()]+)/g;
    for my $flag ('\seen', '\deleted', '\answered', '\flagged', '\draft', '\*') {
        my $may = !$d->{examine} && $v->{rights}{ Model::World::right_for($flag) };
        problem("PERMANENTFLAGS: $flag is ", $permanent{$flag} ? '' : 'not ', 'there') if !!$permanent{$flag} != !!$may;
    }
    my ($first) = grep { Model::World::flags($box, $v->{list}[ $_ - 1 ]{msg}, $v->{user}) !~ /\\seen/ } 1 .. @{ $v->{list} };
    problem('UNSEEN ', $codes->{UNSEEN} // 'not told', ', should be ', $first // 'none') if ($codes->{UNSEEN} // 0) != ($first // 0);
    my $writes = !$d->{examine} && grep { $v->{rights}{$_} } qw(s t w e);
    problem("answer is $r->{text}") if $r->{text} !~ ($writes ? qr/^\[READ-WRITE\]/ : $d->{examine} ? qr/^\[READ-ONLY\]/ : qr/^\[READ-/);
}

# What the client remembers and what it was told now make up all that is there (RFC 7162 3.2.5).
sub _check_resync {
    my ($v, $ctx, $cache, $d) = @_;
    for my $uid (keys %{ $cache->{flags} }) {
        problem("UID $uid, which the client remembers, has vanished and it was not told") if !$v->{box}{msgs}{$uid} && !$ctx->{vanished}{$uid};
    }
    $v->check_synced;
}

# ---- STATUS
sub _status_of {
    my ($run, $v, $d) = @_;
    my $world = $run->{world};
    my @items = @{ $d->{items} };
    return ([ 'STATUS ' . $world->quoted($v->{user}, $d->{box}) . " (@items)" ], sub {
        my ($r) = @_;
        my %ctx = (expunge => 1, words => { STATUS => 1 });
        my $box = $world->{boxes}{ $d->{box} };
        my $may = $world->may($v->{user}, $d->{box}, 'r');
        my %expect = $may ? (MESSAGES => scalar @{ $box->{uids} }, UIDNEXT => $box->{next},
            UNSEEN => scalar(grep { Model::World::flags($box, $_, $v->{user}) !~ /\\seen/ } values %{ $box->{msgs} }), SIZE => _size($box)) : ();
        $v->{condstore} = 1 if ($may || !$run->{peer}) && grep { $_ eq 'HIGHESTMODSEQ' } @items;
        $run->fold($v, \%ctx, $r);
        _status($r, $may ? 'OK' : 'NO');
        $run->not_there($r, 'STATUS', $box) unless $may || $world->sees($v->{user}, $d->{box});
        return unless $may;
        my ($star, $word, $name, $list) = @{ Halcyon::Oracle::parse(($ctx{data}{STATUS} || [])->[0] // problem('no STATUS')) };
        problem("STATUS of $name") if $name ne $world->name($v->{user}, $d->{box});
        my %is = @$list;
        for my $item (@items) {
            my $n = $is{$item} // problem("no $item");
            my $why = $item eq 'UIDVALIDITY' ? Model::World::saw_validity($box, $n) : $item eq 'HIGHESTMODSEQ' ? Model::World::saw_highest($box, $n)
                : defined $expect{$item} && $n != $expect{$item} ? "$item of $d->{box} for $v->{user} is $n, should be $expect{$item}" : undef;
            problem($why) if $why;
        }
    });
}

sub _size { my ($box) = @_; my $n = 0; $n += $_->{mail}{size} for values %{ $box->{msgs} }; return $n }

# ---- APPEND, one message or several (RFC 3502)
sub _append {
    my ($run, $v, $d) = @_;
    my $world = $run->{world};
    my @parts = ('APPEND ' . $world->quoted($v->{user}, $d->{box}));
    for my $m (@{ $d->{messages} }) {
        $parts[-1] .= ' ' . (@{ $m->{words} } ? '(' . join(' ', @{ $m->{words} }) . ') ' : '') . (defined $m->{date} ? "\"$m->{date}\" " : '');
        push @parts, \Model::Mail::made($m->{n})->{all}, '';
    }
    return (\@parts, sub {
        my ($r) = @_;
        my $box = $world->{boxes}{ $d->{box} };
        my $rights = $world->rights($v->{user}, $d->{box});
        my $may = $rights->{i};
        my @new = map {
            my $m = $_;
            my @flags = grep { $rights->{ Model::World::right_for($_) } } @{ $m->{flags} };
            $may ? Model::World::add($box, $v->{user}, Model::Mail::made($m->{n}), \@flags, $m->{date}) : ()
        } @{ $d->{messages} };
        $run->fold($v, { expunge => 1 }, $r);
        _status($r, $may ? 'OK' : 'NO');
        $run->not_there($r, 'APPEND', $box) unless $may || $world->sees($v->{user}, $d->{box});
        return unless $may;
        return if !$rights->{r} && $r->{text} !~ /APPENDUID/;         # RFC 4315 3: not to who may not read
        my ($validity, $uids) = $r->{text} =~ /^\[APPENDUID (\d+) ([\d:,]+)\]/ or problem("no APPENDUID: $r->{text}");
        my $why = Model::World::saw_validity($box, $validity);
        problem($why) if $why;
        my ($is, $must) = (join(',', uids_of($uids)), join ',', map { $_->{uid} } @new);
        problem("APPENDUID $is, should be $must") if $is ne $must;
    });
}

# ---- CREATE, DELETE, RENAME
sub _create {
    my ($run, $v, $d) = @_;
    my $world = $run->{world};
    return ([ 'CREATE ' . $world->quoted($v->{user}, $d->{box}) ], sub {
        my ($r) = @_;
        my $above = $world->nearest($d->{box});
        my $may = !$world->{boxes}{ $d->{box} } && defined $above && $world->may($v->{user}, $above, 'k');
        $world->create_path($d->{box}) if $may;
        $run->fold($v, { expunge => 1 }, $r);
        _status($r, $may ? 'OK' : 'NO');
    });
}

sub _delete {
    my ($run, $v, $d) = @_;
    my $world = $run->{world};
    return ([ 'DELETE ' . $world->quoted($v->{user}, $d->{box}) ], sub {
        my ($r) = @_;
        my $may = $world->may($v->{user}, $d->{box}, 'x') && $d->{box} !~ /^user\.[^.]+\z/
            && !grep { index($_, "$d->{box}.") == 0 } keys %{ $world->{boxes} };      # RFC 9051 6.3.5: HASCHILDREN
        my $hidden = !$world->sees($v->{user}, $d->{box});
        my $box = $world->{boxes}{ $d->{box} };
        if ($may) { $world->destroy($d->{box}); $_->{orphan} = 1 for $run->selected($box) }
        $run->fold($v, { expunge => 1 }, $r) unless $v->{orphan};
        _status($r, $may ? 'OK' : 'NO');
        $run->not_there($r, 'DELETE', $box) if $hidden && !$may;
        $run->settle;
    });
}

sub _rename {
    my ($run, $v, $d) = @_;
    my $world = $run->{world};
    my ($old, $new) = ($d->{box}, $d->{to});
    return if index("$new.", "$old.") == 0;
    return ([ 'RENAME ' . $world->quoted($v->{user}, $old) . ' ' . $world->quoted($v->{user}, $new) ], sub {
        my ($r) = @_;
        my $boxes = $world->{boxes};
        my $may = $boxes->{$old} && !$boxes->{$new};
        my %goes = map { my $to = $_; $to =~ s/^\Q$old\E/$new/; ($_ => $to) } $may ? grep { index("$_.", "$old.") == 0 } keys %$boxes : ();
        if (grep { $boxes->{$_} } values %goes) { problem('RENAME onto mailboxes that are there') if $r->{status} eq 'OK'; ($may, %goes) = (0) }
        $world->create_path(Model::World::parent($new)) if %goes;
        for my $from (sort keys %goes) {
            my $box = delete $boxes->{$from};
            $world->left($from, $box);
            @$box{qw(name above)} = ($goes{$from}, $world->{last_validity}{ $goes{$from} });
            delete $box->{validity};                # may be another one now
            $_->{orphan} = 1 for $run->selected($box);
            $boxes->{ $goes{$from} } = $box;
        }
        $run->fold($v, { expunge => 1, words => { LIST => 1 } }, $r) unless $v->{orphan};
        _status($r, $may ? 'OK' : 'NO');
        $run->settle;
    });
}

# ---- subscriptions, LIST, LSUB
sub _subscribe {
    my ($run, $v, $d) = @_;
    my $world = $run->{world};
    return ([ ($d->{off} ? 'UNSUBSCRIBE ' : 'SUBSCRIBE ') . $world->quoted($v->{user}, $d->{box}) ], sub {
        my ($r) = @_;
        my $subs = $world->{subs}{ $v->{user} };
        $run->fold($v, { expunge => 1 }, $r);
        if ($d->{off}) {
            _status($r, 'OK', $subs->{ $d->{box} } ? () : 'NO');
            delete $subs->{ $d->{box} };
        } else {
            my $sees = $world->sees($v->{user}, $d->{box});
            _status($r, $sees ? 'OK' : 'NO');
            $subs->{ $d->{box} } = 1 if $sees;
        }
    });
}

sub _listed {
    my ($ctx, $word) = @_;
    my %is;
    for my $line (@{ $ctx->{data}{$word} || [] }) {
        my ($star, $w, $attributes, $sep, $name) = @{ Halcyon::Oracle::parse($line) };
        problem("$name is listed twice") if $is{$name};
        $is{$name} = { map { lc() => 1 } @$attributes };
    }
    return %is;
}

sub _list {
    my ($run, $v, $d) = @_;
    my $world = $run->{world};
    my $user = $v->{user};
    my $pattern = $world->{slash} ? $d->{pattern} =~ tr{.}{/}r : $d->{pattern};
    return ([ 'LIST ' . ($d->{subscribed} ? '(SUBSCRIBED) ' : '') . "\"\" \"$pattern\"" ], sub {
        my ($r) = @_;
        my %ctx = (expunge => 1, words => { LIST => 1 });
        $run->fold($v, \%ctx, $r);
        _status($r, 'OK');
        my %is = _listed(\%ctx, 'LIST');
        my $sep = $world->{slash} ? '/' : '.';
        my $match = join '', map { $_ eq '*' ? '.*' : $_ eq '%' ? "[^$sep]*" : quotemeta } split //, $pattern;
        my %must = map { $world->name($user, $_) => $_ } grep { $world->sees($user, $_) && (!$d->{subscribed} || $world->{subs}{$user}{$_}) } keys %{ $world->{boxes} };
        delete $must{$_} for grep { !/^$match\z/ } keys %must;
        for my $name (sort keys %must) {
            my $has = $is{$name} or problem("$name is not listed");
            problem("$name is listed as not there") if $has->{'\nonexistent'} || $has->{'\noselect'};
            my $children = $world->has_children($user, $must{$name});
            next if $d->{subscribed};
            problem("$name ", $children ? 'has' : 'has no', ' children, but is listed with (', join(' ', sort keys %$has), ')')
                if $children ? $has->{'\hasnochildren'} || !$has->{'\haschildren'} : $has->{'\haschildren'};
        }
        for my $name (grep { !$must{$_} } sort keys %is) {           # what is not there or not seen: only as a parent of others
            next if ($is{$name}{'\noselect'} || $is{$name}{'\nonexistent'}) && ($d->{subscribed} || $pattern =~ /%/);
            problem("$name is listed to $user");
        }
    });
}

sub _lsub {
    my ($run, $v, $d) = @_;
    my $world = $run->{world};
    return (['LSUB "" "*"'], sub {
        my ($r) = @_;
        my %ctx = (expunge => 1, words => { LSUB => 1 });
        $run->fold($v, \%ctx, $r);
        _status($r, 'OK');
        my %is = _listed(\%ctx, 'LSUB');
        my %subs = map { $world->name($v->{user}, $_) => $_ } keys %{ $world->{subs}{ $v->{user} } };
        # RFC 3501 6.3.9: a name may be there when its mailbox is not
        for my $name (sort keys %subs) { problem("$name is subscribed and not there") if !$is{$name} && $world->sees($v->{user}, $subs{$name}) }
        for my $name (sort keys %is) { problem("$name is not subscribed") unless $subs{$name} }
    });
}

# ---- rights
sub _setacl {
    my ($run, $v, $d) = @_;
    my $world = $run->{world};
    my $name = $world->quoted($v->{user}, $d->{box});
    return ([ defined $d->{rights} ? "SETACL $name $d->{who} \"$d->{rights}\"" : "DELETEACL $name $d->{who}" ], sub {
        my ($r) = @_;
        my $box = $world->{boxes}{ $d->{box} };
        my $hidden = !$world->sees($v->{user}, $d->{box});
        my $may = $world->may($v->{user}, $d->{box}, 'a');
        # RFC 4314 3.1: rights that an owner always has may be kept from being taken away
        $may = 0 if $d->{who} eq Model::World::owner($d->{box}) && $r->{status} eq 'NO';
        my %before = map { $_ => join '', sort keys %{ $world->rights($_, $d->{box}) } } @{ $world->{users} };
        if ($may) {
            if (length($d->{rights} // '')) { $box->{acl}{ $d->{who} } = $d->{rights} } else { delete $box->{acl}{ $d->{who} } }
        }
        $run->fold($v, { expunge => 1 }, $r);
        _status($r, $may ? 'OK' : 'NO', defined $d->{rights} ? () : 'NO');
        $run->not_there($r, 'SETACL', $box) if $hidden && !$may;
        # those whose rights have changed select it anew: what holds until then is not said anywhere
        for my $other ($may ? $run->selected($box) : ()) {
            $other->{orphan} = 1 if $before{ $other->{user} } ne join '', sort keys %{ $world->rights($other->{user}, $d->{box}) };
        }
        $run->settle;
    });
}

sub _rights {
    my ($run, $v, $d) = @_;
    my $world = $run->{world};
    return ([ 'MYRIGHTS ' . $world->quoted($v->{user}, $d->{box}) ], sub {
        my ($r) = @_;
        my %ctx = (expunge => 1, words => { MYRIGHTS => 1 });
        $run->fold($v, \%ctx, $r);
        # RFC 4314 4: any of these rights
        my $sees = grep { $world->may($v->{user}, $d->{box}, $_) } split //, 'lrikxa';
        _status($r, $sees ? 'OK' : 'NO');
        $run->not_there($r, 'MYRIGHTS', $world->{boxes}{ $d->{box} }) unless $sees;
        return unless $sees;
        my ($is) = (($ctx{data}{MYRIGHTS} || [])->[0] // problem('no MYRIGHTS')) =~ /(\S+)\z/;
        my $must = join '', sort keys %{ $world->rights($v->{user}, $d->{box}) };
        $is = join '', sort grep { !/[cdnp0-9]/ } split //, $is;    # old letters, and rights that no command here needs
        $must =~ tr/p//d;
        problem("rights of $v->{user} on $d->{box} are $is, should be $must") if $is ne $must;
    });
}

sub _enable {
    my ($run, $v, $d) = @_;
    return (["ENABLE $d->{word}"], sub {
        my ($r) = @_;
        my %ctx = (expunge => 1, words => { ENABLED => 1 });
        @$v{qw(condstore qresync)} = (1, $v->{qresync} || $d->{word} eq 'QRESYNC' ? 1 : 0);
        $ctx{either} = 1;                              # this very answer may still be of the old kind
        $run->fold($v, \%ctx, $r);
        _status($r, 'OK');
        problem('no ENABLED') unless $ctx{data}{ENABLED} || $run->{peer};      # 3.6.1: not when there is nothing new
    });
}

1;
