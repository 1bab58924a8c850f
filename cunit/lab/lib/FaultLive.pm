package FaultLive;
# FaultLive - a running instance for the jobs that need a supervisor, and a book of what it promised
#
#   my $l = FaultLive->new(where => $dir, conf => {...});       # users alice, bob, carol; started
#   ... libraries => ['liblab_malloc.so']                      # loaded too
#   my $answer = $l->deliver($connection, [ 'alice', 'bob' ], $id);     # noted in the book
#   my ($problems, $found) = $l->check_book;            # what is there against what was answered
#
# Every message has an id of its own.  'yes' must be there once, whole; 'no' must not be there; what had
# no answer may be there, once.
use strict;
use warnings;
use FaultLab;
use FaultProgram;
use FaultState;
use Halcyon::Spool;
use Halcyon::Test;
use Lab::Control;

sub new {
    my ($class, %o) = @_;
    my $dir = $o{dir} || FaultLab::new_dir($o{where});
    my $i = Halcyon::Test->new(dir => $dir, keep => 1, nostart => 1, conf => $o{conf} || {});
    my $lab = Lab::Control->new("$dir/control", roots => [ map { "$dir/$_" } 'conf', 'spool' ]);
    my $self = bless { instance => $i, dir => $dir, lab => $lab, book => {}, numbers => 0,
        preload => [ map { $lab->library($_) } @{ $o{libraries} || [] } ] }, $class;
    FaultLab::spew("$dir/log", '');
    chmod 0666, "$dir/log";
    $self->start;
    $i->create_users('alice', 'bob', 'carol');
    return $self;
}

sub instance { my ($self) = @_; return $self->{instance} }
sub lab { my ($self) = @_; return $self->{lab} }

# Start (again), with the laboratory in the environment of the supervisor and all its children.
sub start {
    my ($self) = @_;
    local $ENV{FAULT_LOG} = "$self->{dir}/log";
    local $ENV{LD_PRELOAD} = join ' ', $FaultProgram::LogLibrary, @{ $self->{preload} };
    $self->{lab}->around(sub { $self->{instance}->start });
}

# New messages in the log file since the last call.
sub logged {
    my ($self) = @_;
    my $text = FaultLab::slurp("$self->{dir}/log") // '';
    my $new = substr $text, $self->{log_read} // 0;
    $self->{log_read} = length $text;
    return $new;
}

# ---- the book

sub new_id { my ($self) = @_; return "$$." . ++$self->{numbers} }

sub message {
    my ($id, $lines) = @_;
    return "From: sender\@example.org\r\nMessage-ID: <$id\@example.org>\r\nX-Id: $id\r\nSubject: $id\r\n"
         . "Date: Thu, 1 Jan 2015 00:00:00 +0000\r\n\r\n" . "body of $id\r\n" x ($lines // 5);
}

sub note { my ($self, $id, $place, $answer, $lines) = @_; $self->{book}{$id}{$place} = $answer; $self->{lines}{$id} = $lines // 5 }

sub lmtp {
    my ($self) = @_;
    my $c = $self->{instance}->lmtp;
    $c->lmtp_cmd('LHLO client.example.org') =~ /^250/ or die "LHLO refused\n";
    return $c;
}

# Deliver one message: returns user => 'yes', 'no', 'gone'.  The words of the last refusal: $self->{words}.
sub deliver {
    my ($self, $c, $users, %o) = @_;
    my $id = $self->new_id;
    my %answer = map { $_ => 'gone' } @$users;
    my @replies = eval { $c->deliver('sender@example.org', $users, message($id, $o{lines})) };
    for my $n (0 .. $#replies) {
        $self->{words} = $replies[$n] if $replies[$n] !~ /^250/;
        # one reply for all: the transaction was refused
        my @for = @replies == 1 ? @$users : $users->[$n];
        $answer{$_} = $replies[$n] =~ /^250/ ? 'yes' : 'no' for @for;
    }
    $self->note($id, "$_ INBOX", $answer{$_}, $o{lines}) for @$users;
    return %answer;
}

sub append {
    my ($self, $c, $user, $box, %o) = @_;
    my $id = $self->new_id;
    my $r = eval { $c->cmd("APPEND $box ", \message($id, $o{lines})) };
    my $answer = !$r ? 'gone' : $r->{status} eq 'OK' ? 'yes' : 'no';
    $self->{words} = "$r->{status} $r->{text}" if $r && $answer ne 'yes';
    $self->note($id, "$user $box", $answer, $o{lines});
    return $answer;
}

# What is in the mailboxes, against the book: a list of problems, and the number of messages found.
sub check_book {
    my ($self) = @_;
    my (%found, @problems, %place);
    for my $id (keys %{ $self->{book} }) { $place{$_} = 1 for keys %{ $self->{book}{$id} } }
    for my $place (sort keys %place) {
        my ($user, $box) = split ' ', $place;
        my $c = $self->{instance}->imap(user => $user);
        $c->ok("SELECT $box");
        for my $r ($c->ok('UID FETCH 1:* (BODY.PEEK[])')) {
            my ($uid) = $r =~ /UID (\d+)/ or next;
            my ($id) = $r =~ /^X-Id: (\S+)\r$/m or push(@problems, "$place $uid: a message nobody sent"), next;
            my $whole = message($id, $self->{lines}{$id});
            push @problems, "$place $uid: $id is not whole" if $r !~ /\Q$whole\E\)\z/;
            push @problems, "$place: $id is there twice" if $found{"$place $id"}++;
        }
        $c->logout;
    }
    for my $id (sort keys %{ $self->{book} }) {
        for my $place (sort keys %{ $self->{book}{$id} }) {
            my ($answer, $there) = ($self->{book}{$id}{$place}, $found{"$place $id"});
            push @problems, "$place: $id was acknowledged and is lost" if $answer eq 'yes' && !$there;
            push @problems, "$place: $id was refused and is there" if $answer eq 'no' && $there;
        }
    }
    return (\@problems, scalar keys %found);
}

# Stop; what the files and the processes say.  A list of problems.
sub finish {
    my ($self) = @_;
    my $i = $self->{instance};
    $self->{lab}->off;
    $i->stop;
    my @bad = Halcyon::Spool::problems($i);
    push @bad, split /\n/, $i->faults if $i->faults;
    my @signals = $self->logged =~ /^(.*(?:signal(?:ed|led)? (?:to death )?by|killed by signal|died of signal).*)$/mg;
    return (@bad, @signals);
}

1;
