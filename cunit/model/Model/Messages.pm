package Model::Messages;
# Model::Messages - the commands of a selected mailbox: RFC 3501 6.4, 4315, 5182, 5256, 6851, 7162
#
# Each command is a sub (run, client, description) that returns what to send and a sub that judges the
# answer and makes the change in the model; or nothing, when it cannot be sent now.
use strict;
use warnings;
use Model::Mail;
use Model::Search;
use Model::View qw(problem uids_of set_of);
use Model::World;

our %OP = (
    fetch => \&_fetch, store => \&_store, copy => \&_copy, expunge => \&_expunge, search => \&_search,
    sort => \&_sort, noop => \&_noop, close => \&_close,
);

# Which messages a description means: text of the set and entries.  The numbers are shares of the view,
# so that a description holds for whatever is there.
sub targets {
    my ($v, $d) = @_;
    my @list = $v->{box} ? @{ $v->{list} } : ();
    return unless @list;
    if ($d->{saved}) {
        return unless $v->{saved};
        my %in = map { $_ => 1 } @{ $v->{saved} };
        return ('$', grep { $in{ $_->{uid} } } @list);
    }
    my (@text, %meant);
    my $lags = $v->{box}{uids}[-1] // 0;
    for my $pair (@{ $d->{set} }) {
        my ($from, $to) = sort { $a <=> $b } int($pair->[0] * @list), int($pair->[1] * @list);
        my $open = $pair->[2] && (!$d->{uid} || $lags == $list[-1]{uid});
        $to = $#list if $open;
        my ($first, $last) = $d->{uid} ? ($list[$from]{uid} + ($pair->[3] // 0), $list[$to]{uid}) : ($from + 1, $to + 1);
        $first = $last if $first > $last;
        push @text, $open ? "$first:*" : $first == $last ? $first : $pair->[0] < $pair->[1] ? "$first:$last" : "$last:$first";
        for my $n ($from .. $to) { $meant{$n} = 1 if !$d->{uid} || $list[$n]{uid} >= $first }
    }
    return (join(',', @text), @list[ sort { $a <=> $b } keys %meant ]);
}

# A modseq out of those that are known, by a share.
sub some_modseq {
    my ($v, $share) = @_;
    my @known = sort { $a <=> $b } 1, grep { defined } map { $_->{modseq} } values %{ $v->{box}{msgs} };
    return $known[ int($share * @known) ] if $share < 0.9;
    return $v->{high} || $known[-1];
}

sub _enables_condstore {
    my ($run, $v, $ctx) = @_;
    return if $v->{condstore};
    $v->{condstore} = 1;
    $ctx->{first_condstore} = 1;
}

sub _status { my ($r, @good) = @_; problem("$r->{status} $r->{text}") unless grep { $r->{status} eq $_ } @good }

sub _gone { return scalar grep { $_->{msg}{gone} } @_ }

# ---- FETCH
sub _fetch {
    my ($run, $v, $d) = @_;
    my ($set, @t) = targets($v, $d) or return;
    my @items = @{ $d->{items} };
    my $since = defined $d->{since} ? some_modseq($v, $d->{since}) : undef;
    my $vanished = defined $since && $d->{vanished} && $d->{uid} && $v->{qresync};
    my $text = ($d->{uid} ? 'UID ' : '') . "FETCH $set (@items)" . (defined $since ? " (CHANGEDSINCE $since" . ($vanished ? ' VANISHED' : '') . ')' : '');
    return ([$text], sub {
        my ($r) = @_;
        my %ctx = (expunge => $d->{uid}, earlier => $vanished, uid => $d->{uid});
        _enables_condstore($run, $v, \%ctx) if defined $since || grep { $_ eq 'MODSEQ' } @items;
        my (%must, %may);
        for my $e (@t) {
            if (defined $since && !$e->{msg}{gone}) {
                my $modseq = $e->{msg}{modseq};
                next if defined $modseq && $modseq <= $since;
                if (!defined $modseq && $e->{msg}{floor} < $since) { $may{ $e->{uid} } = 1; next }
            }
            if ($e->{msg}{gone}) { $may{ $e->{uid} } = 1 } else { $must{ $e->{uid} } = 1 }
        }
        my %in_view = map { $_->{uid} => 1 } @t;                        # their VANISHED comes as to any command
        my @marked = _mark_seen($v, \@items, grep { $must{ $_->{uid} } } @t);
        my @names = map { my $n = $_; $n =~ s/^BODY\.PEEK/BODY/; $n =~ s/<(\d+)\.\d+>\z/<$1>/; uc $n } @items;
        $ctx{asked} = { map { $_->{uid} => \@names } @t };
        $run->fold($v, \%ctx, $r);
        _status($r, 'OK', _gone(@t) ? 'NO' : ());
        for my $uid (sort { $a <=> $b } keys %must) { problem("FETCH did not answer for UID $uid") unless $ctx{answered}{$uid} }
        for my $e (@marked) { problem("FETCH set \\Seen of UID $e->{uid} and did not say so") unless $ctx{flags_told}{ $e->{uid} } }
        if ($vanished && @t && $set ne '$') { _check_vanished($v, $since, \%ctx, grep { !$in_view{$_} && $_ >= $t[0]{uid} && $_ <= $t[-1]{uid} && _is_meant($set, $_) } keys %{ $v->{box}{gone} }) }
    });
}

sub _is_meant {
    my ($set, $uid) = @_;
    return 1 if $set eq '$';
    return scalar grep { my ($x, $y) = split /:/; $y = $x unless defined $y; $y = 1e9 if $y eq '*'; ($x, $y) = ($y, $x) if $x > $y; $uid >= $x && $uid <= $y } split /,/, $set;
}

# Every expunge after `since` must have been told as VANISHED (EARLIER), of these UIDs.
sub _check_vanished {
    my ($v, $since, $ctx, @uids) = @_;
    for my $uid (@uids) {
        problem("no VANISHED (EARLIER) for UID $uid") if $v->{box}{gone}{$uid}{floor} >= $since && !$ctx->{vanished}{$uid};
    }
}

# BODY[...] without PEEK sets \Seen (RFC 3501 6.4.5).
sub _mark_seen {
    my ($v, $items, @t) = @_;
    return unless grep { /^BODY\[/ } @$items;
    return if $v->{readonly} || !$v->{rights}{s};
    my @marked;
    for my $e (@t) {
        my @flags = split ' ', Model::World::flags($v->{box}, $e->{msg}, $v->{user});
        push @marked, $e if Model::World::set_flags($v->{box}, $e->{msg}, $v->{user}, @flags, '\seen');
    }
    return @marked;
}

# ---- STORE
sub _after {
    my ($v, $before, $d) = @_;
    my %may = map { $_ => 1 } grep { $v->{rights}{ Model::World::right_for($_) } } @{ $d->{flags} };
    my %now = map { $_ => 1 } split ' ', $before;
    if ($d->{how} eq '') { delete @now{ grep { $v->{rights}{ Model::World::right_for($_) } } keys %now } }
    for my $flag (keys %may) { if ($d->{how} eq '-') { delete $now{$flag} } else { $now{$flag} = 1 } }
    return sort keys %now;
}

sub _may_store {
    my ($v, $d) = @_;
    return 0 if $v->{readonly};
    return scalar grep { $v->{rights}{$_} } 's', 't', 'w' if $d->{how} eq '' || !@{ $d->{flags} };
    return scalar grep { $v->{rights}{ Model::World::right_for($_) } } @{ $d->{flags} };
}

sub _store {
    my ($run, $v, $d) = @_;
    my ($set, @t) = targets($v, $d) or return;
    my $since = defined $d->{since} ? some_modseq($v, $d->{since}) : undef;
    my $text = ($d->{uid} ? 'UID ' : '') . "STORE $set " . (defined $since ? "(UNCHANGEDSINCE $since) " : '')
        . "$d->{how}FLAGS" . ($d->{silent} ? '.SILENT' : '') . ' (' . join(' ', @{ $d->{words} }) . ')';
    return ([$text], sub {
        my ($r) = @_;
        my %ctx = (expunge => $d->{uid}, uid => $d->{uid}, store => 1);
        _enables_condstore($run, $v, \%ctx) if defined $since;
        if (!_may_store($v, $d)) {
            $run->fold($v, \%ctx, $r);
            return _status($r, 'NO');
        }
        my ($list) = $r->{text} =~ /^\[MODIFIED ([\d:,]+)\]/;
        my %modified = map { $_ => 1 } defined $list ? uids_of($list) : ();
        my %number = map { $v->{list}[$_]{uid} => $_ + 1 } 0 .. $#{ $v->{list} };
        my @done;
        for my $e (grep { !$_->{msg}{gone} } @t) {
            my $is_modified = delete $modified{ $d->{uid} ? $e->{uid} : $number{ $e->{uid} } };
            if (defined $since) {
                my $modseq = $e->{msg}{modseq} // ($e->{msg}{floor} >= $since ? $since + 1 : $is_modified ? $since + 1 : $since);
                problem("UID $e->{uid} has modseq $modseq: UNCHANGEDSINCE $since, but it is ", $is_modified ? '' : 'not ', 'in MODIFIED') if ($modseq > $since) != !!$is_modified;
            }
            problem("UID $e->{uid} in MODIFIED of a STORE without UNCHANGEDSINCE") if $is_modified && !defined $since;
            next if $is_modified;
            my $changed = Model::World::set_flags($v->{box}, $e->{msg}, $v->{user}, _after($v, Model::World::flags($v->{box}, $e->{msg}, $v->{user}), $d));
            $e->{flags} = join ' ', _after($v, $e->{flags}, $d) if $d->{silent} && defined $e->{flags};
            push @done, $e if $changed || !$run->{peer};        # 3.6.1 says nothing where nothing changed
        }
        my %of_gone = map { ($d->{uid} ? $_->{uid} : $number{ $_->{uid} }) => 1 } grep { $_->{msg}{gone} } @t;
        my @strange = grep { !$of_gone{$_} } keys %modified;
        problem("MODIFIED names @strange, which the command did not") if @strange;
        $ctx{asked} = { map { $_->{uid} => ['FLAGS'] } @done };
        $run->fold($v, \%ctx, $r);
        _status($r, 'OK', _gone(@t) ? 'NO' : ());
        for my $e (@done) {
            problem("STORE did not tell the flags of UID $e->{uid}") if !$d->{silent} && !$ctx{flags_told}{ $e->{uid} };
            problem("STORE did not tell the modseq of UID $e->{uid}") if $v->{condstore} && !$ctx{got}{ $e->{uid} }{MODSEQ};
        }
    });
}

# ---- COPY and MOVE
sub _copy {
    my ($run, $v, $d) = @_;
    my ($set, @t) = targets($v, $d) or return;
    my $world = $run->{world};
    my $text = ($d->{uid} ? 'UID ' : '') . ($d->{move} ? 'MOVE' : 'COPY') . " $set " . $world->quoted($v->{user}, $d->{box});
    return ([$text], sub {
        my ($r) = @_;
        my %ctx = (expunge => 1);
        my @live = grep { !$_->{msg}{gone} } @t;
        my $may_leave = !$d->{move} || !$v->{readonly} && $v->{rights}{t} && $v->{rights}{e};
        my $target = $world->{boxes}{ $d->{box} };
        my $rights = $world->rights($v->{user}, $d->{box});
        if (!$may_leave || !$rights->{i} || $r->{status} eq 'NO' && @live < @t) {
            $run->fold($v, \%ctx, $r);
            _status($r, 'NO');
            $run->not_there($r, 'COPY', $target) if $may_leave && !$rights->{i} && !$world->sees($v->{user}, $d->{box});
            return;
        }
        my @new = map { _copy_one($v, $target, $rights, $_->{msg}) } $r->{status} eq 'OK' ? @live : ();
        if ($d->{move}) { Model::World::expunge($v->{box}, $_->{uid}) for @live }
        $run->fold($v, \%ctx, $r);
        _status($r, 'OK');
        my $told = $d->{move} ? $ctx{codes}{COPYUID} : $r->{text} =~ /^\[COPYUID (.*?)\]/ ? $1 : undef;
        if (@live && (defined $told || $rights->{r})) {                # RFC 4315 3: not to who may not read the target
            my ($validity, $from, $to) = split / /, $told // problem('no COPYUID');
            my $why = Model::World::saw_validity($target, $validity);
            problem($why) if $why;
            my ($is, $must) = (join(' ', join(',', uids_of($from)), join ',', uids_of($to)), join ' ', join(',', map { $_->{uid} } @live), join ',', map { $_->{uid} } @new);
            problem("COPYUID is $told, should name $must") if $is ne $must;
        } elsif (defined $told) { problem("COPYUID $told though nothing was copied") }
        if ($d->{move}) { problem('MOVE did not tell that messages left') if grep { my $u = $_->{uid}; grep { $_->{uid} == $u } @{ $v->{list} } } @live }
    });
}

sub _copy_one {
    my ($v, $target, $rights, $msg) = @_;
    my @flags = grep { $rights->{ Model::World::right_for($_) } } split ' ', Model::World::flags($v->{box}, $msg, $v->{user});
    my $new = Model::World::add($target, $v->{user}, $msg->{mail}, \@flags, $msg->{date});
    return $new;
}

# ---- EXPUNGE, CLOSE, UNSELECT, NOOP, CHECK
sub _expunge {
    my ($run, $v, $d) = @_;
    my $box = $v->{box} or return;
    my ($set, @t) = $d->{uid} ? targets($v, $d) : ('');
    return if $d->{uid} && !defined $set;
    return ([ $d->{uid} ? "UID EXPUNGE $set" : 'EXPUNGE' ], sub {
        my ($r) = @_;
        my %ctx = (expunge => 1);
        my $may = !$v->{readonly} && $v->{rights}{e};
        my %meant = map { $_->{uid} => 1 } @t;
        my @out = $may ? grep { $box->{msgs}{$_}{flags}{'\deleted'} && (!$d->{uid} || $meant{$_}) } @{ $box->{uids} } : ();
        Model::World::expunge($box, $_) for @out;
        $run->fold($v, \%ctx, $r);
        _status($r, $may ? 'OK' : 'NO');
        return unless $may;
        problem('EXPUNGE did not tell what it removed') if grep { $_->{msg}{gone} } @{ $v->{list} };
        problem('no HIGHESTMODSEQ after EXPUNGE') if $v->{qresync} && @out && $r->{text} !~ /^\[HIGHESTMODSEQ \d+\]/;
    });
}

sub _close {
    my ($run, $v, $d) = @_;
    my $box = $v->{box} or return;
    return ([ $d->{expunge} ? 'CLOSE' : 'UNSELECT' ], sub {
        my ($r) = @_;
        $run->fold($v, {}, $r);
        _status($r, 'OK');
        if ($d->{expunge} && !$v->{readonly} && $v->{rights}{e}) {
            my @out = grep { $box->{msgs}{$_}{flags}{'\deleted'} } @{ $box->{uids} };
            Model::World::expunge($box, $_) for @out;
        }
        $v->leave;
    });
}

sub _noop {
    my ($run, $v, $d) = @_;
    my $word = $v->{box} ? $d->{word} : 'NOOP';
    return ([$word], sub {
        my ($r) = @_;
        $run->fold($v, { expunge => 1 }, $r);
        _status($r, 'OK');
        $v->check_synced;
    });
}

# ---- SEARCH and SORT
sub _search {
    my ($run, $v, $d) = @_;
    return unless $v->{box};
    my $p = Model::Search::bind($d->{program}, $v, sub { some_modseq($v, $_[0]) });
    my @return = grep { $_ ne 'SAVE' || !$run->{peer} } @{ $d->{return} || [] };        # 3.6.1 has no SEARCHRES
    my $text = ($d->{uid} ? 'UID ' : '') . 'SEARCH ' . ($d->{return} ? "RETURN (@return) " : '') . Model::Search::text($p);
    return ([$text], sub {
        my ($r) = @_;
        my %ctx = (expunge => $d->{uid}, words => { $d->{return} ? 'ESEARCH' : 'SEARCH' => 1 });
        _enables_condstore($run, $v, \%ctx) if Model::Search::uses($p, 'MODSEQ');
        my ($must, $may, $uid_of) = _find($v, $p, $d->{uid});
        $run->fold($v, \%ctx, $r);
        _status($r, 'OK');
        my ($line, @more) = @{ $ctx{data}{ $d->{return} ? 'ESEARCH' : 'SEARCH' } || [] };
        if ($d->{return}) { return _check_esearch($v, $d, \@return, $line, $must, $may, $uid_of, $ctx{tag} = $r->{tag}) }
        problem('more than one answer') if @more;
        my ($numbers, $modseq) = ($line // problem('no answer')) =~ /^\* SEARCH([ \d]*?)(?: \(MODSEQ (\d+)\))?\z/ or problem($line);
        _check_found([ split ' ', $numbers ], $must, $may);
        problem('no MODSEQ in the answer') if Model::Search::uses($p, 'MODSEQ') && $numbers =~ /\d/ && !defined $modseq;
    });
}

# Numbers that must be found, may be found (hash), and the UID of each.
sub _find {
    my ($v, $p, $uid) = @_;
    my (@must, %may, %uid_of);
    for my $n (1 .. @{ $v->{list} }) {
        my $e = $v->{list}[ $n - 1 ];
        my $x = Model::Search::found($p, $v, $e, $n);
        my $shown = $uid ? $e->{uid} : $n;
        $uid_of{$shown} = $e->{uid};
        if (!defined $x || $x && $e->{msg}{gone}) { $may{$shown} = 1 } elsif ($x) { push @must, $shown }
    }
    return (\@must, \%may, \%uid_of);
}

sub _check_found {
    my ($is, $must, $may) = @_;
    my @sure = sort { $a <=> $b } grep { !$may->{$_} } @$is;
    problem("found (@$is), should be (@$must)", %$may ? ' and perhaps ' . join ' ', sort keys %$may : '') if "@sure" ne "@$must";
}

sub _check_esearch {
    my ($v, $d, $return, $line, $must, $may, $uid_of, $tag) = @_;
    my %want = map { $_ => 1 } @$return;
    my @data = grep { $_ ne 'SAVE' } @$return;
    @data = ('ALL') unless @$return;
    %want = (ALL => 1) unless @$return;
    $v->{saved} = _saved(\%want, [ map { $uid_of->{$_} } @$must ]) if $want{SAVE};
    delete $v->{saved} if $want{SAVE} && %$may;                     # what was saved cannot be known
    return if !defined $line && !@data;
    problem('no ESEARCH') unless defined $line;
    problem("the wrong tag in $line") if $line !~ /^\* ESEARCH \(TAG "\Q$tag\E"\)/;
    problem($d->{uid} ? 'no UID' : 'UID', " in $line") if !!$d->{uid} != !!($line =~ /\) UID\b/);
    return if %$may;
    my %is = $line =~ /\b(MIN|MAX|COUNT|ALL|MODSEQ) ([\d:,]+)/g;
    my %should = (@$must ? (MIN => $must->[0], MAX => $must->[-1], ALL => set_of(@$must)) : (), COUNT => scalar @$must);
    $is{ALL} = set_of(sort { $a <=> $b } uids_of($is{ALL})) if defined $is{ALL};
    for my $key (grep { $want{$_} } keys %should) { problem("$key is ", $is{$key} // 'not there', ", should be $should{$key}: $line") if ($is{$key} // '') ne $should{$key} }
    for my $key (grep { $_ ne 'MODSEQ' } keys %is) { problem("$key was not asked for, or there is none: $line") unless $want{$key} && defined $should{$key} }
}

# RFC 5182 2.1: MIN and MAX alone save what they tell.
sub _saved {
    my ($want, $uids) = @_;
    return $uids if $want->{ALL} || $want->{COUNT} || !($want->{MIN} || $want->{MAX}) || !@$uids;
    my %kept = map { $_ => 1 } $want->{MIN} ? $uids->[0] : (), $want->{MAX} ? $uids->[-1] : ();
    return [ sort { $a <=> $b } keys %kept ];
}

sub _sort {
    my ($run, $v, $d) = @_;
    return unless $v->{box};
    my $p = Model::Search::bind($d->{program}, $v, sub { some_modseq($v, $_[0]) });
    my $text = ($d->{uid} ? 'UID ' : '') . "SORT (@{ $d->{keys} }) UTF-8 " . Model::Search::text($p);
    return ([$text], sub {
        my ($r) = @_;
        my %ctx = (expunge => $d->{uid}, words => { SORT => 1 });
        _enables_condstore($run, $v, \%ctx) if Model::Search::uses($p, 'MODSEQ');
        my ($must, $may) = _find($v, $p, $d->{uid});
        my %number = map { ($d->{uid} ? $v->{list}[$_]{uid} : $_ + 1) => $_ } 0 .. $#{ $v->{list} };
        my @list = @{ $v->{list} };
        $run->fold($v, \%ctx, $r);
        _status($r, 'OK');
        my ($numbers) = (($ctx{data}{SORT} || [])->[0] // problem('no answer')) =~ /^\* SORT([ \d]*?)(?: \(MODSEQ \d+\))?\z/ or problem($ctx{data}{SORT}[0]);
        my @is = split ' ', $numbers;
        _check_found(\@is, $must, $may);
        my @at = map { $number{$_} } @is;
        for my $i (1 .. $#at) {
            my ($x, $y) = @at[ $i - 1, $i ];
            my $order = Model::Search::compare($d->{keys}, $list[$x], $x, $list[$y], $y);
            problem("$is[$i - 1] before $is[$i]") if defined $order && $order > 0;
        }
    });
}

1;
